locals {
  labels = {
    "app.kubernetes.io/name"    = "tocsin"
    "app.kubernetes.io/part-of" = "tocsin"
  }
  selector = {
    "app.kubernetes.io/name"      = "tocsin"
    "app.kubernetes.io/component" = "server"
  }
  namespace = kubernetes_namespace_v1.this.metadata[0].name
}

resource "kubernetes_namespace_v1" "this" {
  metadata {
    name   = var.namespace
    labels = merge(var.namespace_labels, { "pod-security.kubernetes.io/enforce" = "restricted" })
  }
}

# Tocsin never talks to the Kubernetes API.
resource "kubernetes_service_account_v1" "this" {
  metadata {
    name      = "tocsin"
    namespace = local.namespace
    labels    = local.labels
  }
  automount_service_account_token = false
}

resource "kubernetes_config_map_v1" "config" {
  metadata {
    name      = "tocsin-config"
    namespace = local.namespace
    labels    = local.labels
  }
  data = { "tocsin.yaml" = var.config }
}

resource "kubernetes_config_map_v1" "rules" {
  metadata {
    name      = "tocsin-rules"
    namespace = local.namespace
    labels    = local.labels
  }
  data = var.rules
}
