variable "namespace" {
  description = "Namespace to create and deploy into."
  type        = string
}

variable "namespace_labels" {
  description = "Further labels of the namespace, for example the one that lets its pods send metrics."
  type        = map(string)
  default     = {}
}

variable "image" {
  description = "Image of Tocsin with its tag or digest. Never `latest`: a restart must not be an upgrade."
  type        = string
  validation {
    condition     = can(regex("(:[^:/]+|@sha256:[0-9a-f]{64})$", var.image)) && !endswith(var.image, ":latest")
    error_message = "The image needs a tag other than latest, or a digest."
  }
}

variable "config" {
  description = "Content of tocsin.yaml. It refers to the API key as /run/secrets/opsgenie/api-key. Changes are loaded without a restart, all or nothing."
  type        = string
}

variable "rules" {
  description = "Rule files: name ending in .yaml => content. Changes are loaded without a restart, all or nothing."
  type        = map(string)
  validation {
    condition     = alltrue([for name in keys(var.rules) : endswith(name, ".yaml")])
    error_message = "Names of rule files end in .yaml."
  }
}

variable "opsgenie_secret_name" {
  description = "Name of an existing Secret in the namespace with the key `api-key`. Its content never enters Terraform's state."
  type        = string
  default     = "tocsin-opsgenie"
}

variable "storage_size" {
  description = "Size of the data volume. Recorded samples take 4 to 9 bytes each for the time of `retention`."
  type        = string
  default     = "20Gi"
}

variable "storage_class" {
  description = "Storage class of the data volume; null: the cluster's default."
  type        = string
  default     = null
}

variable "access_mode" {
  description = "Access mode of the data volume; ReadWriteOncePod where the storage driver has it."
  type        = string
  default     = "ReadWriteOncePod"
}

variable "cpu_request" {
  description = "CPU request. There is no limit: throttling would delay pages."
  type        = string
  default     = "500m"
}

variable "memory_request" {
  description = "Memory request."
  type        = string
  default     = "1Gi"
}

variable "memory_limit" {
  description = "Memory limit."
  type        = string
  default     = "2Gi"
}

variable "sender_namespace_labels" {
  description = "Pods of namespaces with these labels may send metrics to the gRPC port."
  type        = map(string)
  default     = { "tocsin/sends-metrics" = "true" }
}

variable "monitoring_namespace" {
  description = "Pods of this namespace may reach the admin port."
  type        = string
  default     = "monitoring"
}

variable "receiver_cidrs" {
  description = "Where pages may go by HTTPS (port 443)."
  type        = list(string)
  default     = ["0.0.0.0/0"]
}
