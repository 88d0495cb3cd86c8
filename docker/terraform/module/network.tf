# For senders and operators.
resource "kubernetes_service_v1" "this" {
  metadata {
    name      = "tocsin"
    namespace = local.namespace
    labels    = local.labels
  }
  spec {
    selector = local.selector
    port {
      name         = "grpc"
      port         = 4317
      target_port  = "grpc"
      app_protocol = "grpc"
    }
    port {
      name         = "http"
      port         = 4318
      target_port  = "http"
      app_protocol = "http"
    }
    port {
      name         = "admin"
      port         = 9095
      target_port  = "admin"
      app_protocol = "http"
    }
  }
}

# Gives the pod its stable name.
resource "kubernetes_service_v1" "headless" {
  metadata {
    name      = "tocsin-headless"
    namespace = local.namespace
    labels    = local.labels
  }
  spec {
    cluster_ip                  = "None"
    publish_not_ready_addresses = true
    selector                    = local.selector
    port {
      name         = "grpc"
      port         = 4317
      target_port  = "grpc"
      app_protocol = "grpc"
    }
    port {
      name         = "http"
      port         = 4318
      target_port  = "http"
      app_protocol = "http"
    }
    port {
      name         = "admin"
      port         = 9095
      target_port  = "admin"
      app_protocol = "http"
    }
  }
}

# In: senders and monitoring. Out: names, and HTTPS to the receivers.
resource "kubernetes_network_policy_v1" "this" {
  metadata {
    name      = "tocsin"
    namespace = local.namespace
    labels    = local.labels
  }
  spec {
    policy_types = ["Ingress", "Egress"]
    pod_selector {
      match_labels = local.selector
    }
    ingress {
      from {
        namespace_selector {
          match_labels = var.sender_namespace_labels
        }
      }
      ports {
        protocol = "TCP"
        port     = "grpc"
      }
      ports {
        protocol = "TCP"
        port     = "http"
      }
    }
    ingress {
      from {
        namespace_selector {
          match_labels = { "kubernetes.io/metadata.name" = var.monitoring_namespace }
        }
      }
      ports {
        protocol = "TCP"
        port     = "admin"
      }
    }
    egress {
      to {
        namespace_selector {
          match_labels = { "kubernetes.io/metadata.name" = "kube-system" }
        }
        pod_selector {
          match_labels = { "k8s-app" = "kube-dns" }
        }
      }
      ports {
        protocol = "UDP"
        port     = "53"
      }
      ports {
        protocol = "TCP"
        port     = "53"
      }
    }
    egress {
      dynamic "to" {
        for_each = var.receiver_cidrs
        content {
          ip_block {
            cidr   = to.value
            except = to.value == "0.0.0.0/0" ? ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"] : []
          }
        }
      }
      ports {
        protocol = "TCP"
        port     = "443"
      }
    }
  }
}
