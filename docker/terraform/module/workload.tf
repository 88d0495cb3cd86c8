resource "kubernetes_stateful_set_v1" "this" {
  metadata {
    name      = "tocsin"
    namespace = local.namespace
    labels    = local.labels
  }
  # The secret may come later; Terraform need not wait for the first page to be possible.
  wait_for_rollout = false

  spec {
    service_name = "tocsin-headless"
    # One instance owns the data directory. More would each need their own share of the streams: not supported yet.
    replicas = 1
    persistent_volume_claim_retention_policy {
      when_deleted = "Retain"
      when_scaled  = "Retain"
    }
    selector {
      match_labels = local.selector
    }
    template {
      metadata {
        labels = local.selector
        annotations = {
          "prometheus.io/scrape" = "true"
          "prometheus.io/port"   = "9095"
          "prometheus.io/path"   = "/metrics"
        }
      }
      spec {
        service_account_name            = kubernetes_service_account_v1.this.metadata[0].name
        automount_service_account_token = false
        # A drain answers requests under way, commits, evaluates and flushes: 60 s at most.
        termination_grace_period_seconds = 75
        security_context {
          run_as_non_root        = true
          run_as_user            = 65532
          run_as_group           = 65532
          fs_group               = 65532
          fs_group_change_policy = "OnRootMismatch"
          seccomp_profile {
            type = "RuntimeDefault"
          }
        }
        container {
          name  = "tocsin"
          image = var.image
          args  = ["serve", "--config", "/etc/tocsin/config/tocsin.yaml"]
          port {
            name           = "grpc"
            container_port = 4317
          }
          port {
            name           = "http"
            container_port = 4318
          }
          port {
            name           = "admin"
            container_port = 9095
          }
          # Until recovery is done, at most 10 minutes: the log is read back into windows.
          startup_probe {
            http_get {
              path = "/-/ready"
              port = "admin"
            }
            period_seconds    = 2
            failure_threshold = 300
          }
          # Only that the process answers; never depends on OpsGenie or on senders.
          liveness_probe {
            http_get {
              path = "/-/healthy"
              port = "admin"
            }
            period_seconds    = 10
            timeout_seconds   = 5
            failure_threshold = 6
          }
          readiness_probe {
            grpc {
              port = 4317
            }
            period_seconds  = 5
            timeout_seconds = 3
          }
          resources {
            requests = {
              cpu    = var.cpu_request
              memory = var.memory_request
            }
            limits = {
              memory = var.memory_limit
            }
          }
          security_context {
            allow_privilege_escalation = false
            read_only_root_filesystem  = true
            capabilities {
              drop = ["ALL"]
            }
          }
          volume_mount {
            name       = "data"
            mount_path = "/var/lib/tocsin"
          }
          # Directories, not single files: only those follow a changed ConfigMap or Secret.
          volume_mount {
            name       = "config"
            mount_path = "/etc/tocsin/config"
            read_only  = true
          }
          volume_mount {
            name       = "rules"
            mount_path = "/etc/tocsin/rules"
            read_only  = true
          }
          volume_mount {
            name       = "opsgenie"
            mount_path = "/run/secrets/opsgenie"
            read_only  = true
          }
          volume_mount {
            name       = "tmp"
            mount_path = "/tmp"
          }
        }
        volume {
          name = "config"
          config_map {
            name = kubernetes_config_map_v1.config.metadata[0].name
          }
        }
        volume {
          name = "rules"
          config_map {
            name = kubernetes_config_map_v1.rules.metadata[0].name
          }
        }
        volume {
          name = "opsgenie"
          secret {
            secret_name  = var.opsgenie_secret_name
            default_mode = "0440" # the service refuses a secret everyone can read
          }
        }
        volume {
          name = "tmp"
          empty_dir {
            size_limit = "64Mi"
          }
        }
      }
    }
    volume_claim_template {
      metadata {
        name = "data"
      }
      spec {
        access_modes       = [var.access_mode]
        storage_class_name = var.storage_class
        resources {
          requests = {
            storage = var.storage_size
          }
        }
      }
    }
  }
}

# Nodes can be drained: a restart loses nothing and takes seconds. Never two at once.
resource "kubernetes_pod_disruption_budget_v1" "this" {
  metadata {
    name      = "tocsin"
    namespace = local.namespace
    labels    = local.labels
  }
  spec {
    max_unavailable = "1"
    selector {
      match_labels = local.selector
    }
  }
}
