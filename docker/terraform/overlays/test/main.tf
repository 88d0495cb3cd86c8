# A small Tocsin for trying out rules on a test cluster. Pages go to OpsGenie with whatever key the Secret holds: use
# one of a sandbox account. For a receiver inside the cluster, kubernetes/overlays/test brings a simulator.
terraform {
  required_version = ">= 1.5"
  required_providers {
    kubernetes = {
      source  = "hashicorp/kubernetes"
      version = ">= 2.30, < 4.0"
    }
  }
}

variable "kube_context" {
  description = "Context of the kubeconfig to deploy with."
  type        = string
}

provider "kubernetes" {
  config_path    = "~/.kube/config"
  config_context = var.kube_context
}

locals {
  base = "${path.module}/../../../kubernetes/base"
}

module "tocsin" {
  source = "../../module"

  namespace        = "tocsin-test"
  namespace_labels = { "tocsin/sends-metrics" = "true" }
  image            = "tocsin:0.1.0"
  config           = file("${local.base}/tocsin.yaml")
  rules            = { for name in fileset("${local.base}/rules", "*.yaml") : name => file("${local.base}/rules/${name}") }
  storage_size     = "2Gi"
  access_mode      = "ReadWriteOnce"
  cpu_request      = "100m"
  memory_request   = "256Mi"
  memory_limit     = "1Gi"
}

output "otlp_endpoint" {
  description = "Where to send metrics."
  value       = module.tocsin.otlp_endpoint
}
