# What production adds: sizes, a storage class, its own receivers. Copy it and keep the state in a backend of yours.
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
  kubernetes = "${path.module}/../../../kubernetes"
  rules      = "${local.kubernetes}/base/rules"
}

module "tocsin" {
  source = "../../module"

  namespace      = "tocsin"
  image          = "registry.example/tocsin:0.1.0"
  config         = file("${local.kubernetes}/overlays/production/tocsin.yaml")
  rules          = { for name in fileset(local.rules, "*.yaml") : name => file("${local.rules}/${name}") }
  storage_size   = "200Gi"
  storage_class  = "fast-ssd"
  cpu_request    = "4"
  memory_request = "8Gi"
  memory_limit   = "12Gi"
}

output "otlp_endpoint" {
  description = "Where to send metrics."
  value       = module.tocsin.otlp_endpoint
}
