output "otlp_endpoint" {
  description = "Where OpenTelemetry exporters inside the cluster send to (OTLP over gRPC, plain text)."
  value       = "tocsin.${local.namespace}.svc:4317"
}

output "admin_url" {
  description = "Admin port inside the cluster: /metrics, /-/ready, /api/v1."
  value       = "http://tocsin.${local.namespace}.svc:9095"
}
