#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/labels.h"
#include "integrations/http/credentials.h"

namespace tocsin::scrape {

// An entry of `static_configs`.
struct StaticTargets {
  std::vector<std::string> targets;  // "host:port"; without a port that of the scheme
  Labels labels;
  friend bool operator==(const StaticTargets&, const StaticTargets&) = default;
};

// An entry of `scrape_configs`, with its defaults; the keys are Prometheus'.
struct ScrapeJob {
  std::string job_name;
  absl::Duration scrape_interval = absl::Seconds(15);
  absl::Duration scrape_timeout = absl::Seconds(10);  // at most the interval
  std::string metrics_path = "/metrics";
  std::string scheme = "http";
  std::map<std::string, std::vector<std::string>> params;
  bool honor_labels = false;
  bool honor_timestamps = true;
  http_client::Credentials credentials;
  std::string ca_file;  // "": whom the system trusts
  std::vector<StaticTargets> static_configs;
  friend bool operator==(const ScrapeJob&, const ScrapeJob&) = default;
};

// One target, with all that there is to know to scrape it.
struct TargetConfig {
  std::string job;      // job_name, whatever its label `job` is
  std::string address;  // "host:port"
  std::string url;
  Labels labels;  // job, instance and those of its static_configs
  absl::Duration interval;
  absl::Duration timeout;
  bool honor_labels = false;
  bool honor_timestamps = true;
  http_client::Credentials credentials;
  std::string ca_file;
  friend bool operator==(const TargetConfig&, const TargetConfig&) = default;
};

// All targets of a job, in order. As in Prometheus a target is labelled with its job and its
// address
// (`instance`), unless its static_configs has labels of these names.
std::vector<TargetConfig> TargetsOf(const ScrapeJob& job);

}  // namespace tocsin::scrape
