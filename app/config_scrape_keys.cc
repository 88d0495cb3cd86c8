#include "app/config_scrape_keys.h"

#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace tocsin::app {
namespace {

constexpr char kAgent[] =
    "a Prometheus in agent mode knows it and sends what it scraped here: remote_write";
constexpr char kAuthorization[] = "use authorization: {credentials_file: FILE}";
constexpr char kEngineLimits[] =
    "limits of labels are those of all senders: labels_per_series_max ..";

// Refused keys, with hints.
using Refused = std::map<std::string, const char*>;

const Refused& RefusedOfJobs() {
  static const auto& keys = *new Refused{
      {"always_scrape_classic_histograms", kAgent},
      {"bearer_token", kAuthorization},
      {"bearer_token_file", kAuthorization},
      {"body_size_limit", "limits: scrape_body_bytes_max is that of all jobs"},
      {"convert_classic_histograms_to_nhcb", kAgent},
      {"enable_compression", "answers are compressed if the target can do it"},
      {"enable_http2", kAgent},
      {"fallback_scrape_protocol", "an answer that is not OpenMetrics is read as the text format"},
      {"follow_redirects", "redirects are not followed: a key must not travel to another host"},
      {"http_headers", kAgent},
      {"keep_dropped_targets", kAgent},
      {"label_limit", kEngineLimits},
      {"label_name_length_limit", kEngineLimits},
      {"label_value_length_limit", kEngineLimits},
      {"metric_name_escaping_scheme", kAgent},
      {"metric_name_validation_scheme", kAgent},
      {"metric_relabel_configs", kAgent},
      {"native_histogram_bucket_limit", kAgent},
      {"native_histogram_min_bucket_factor", kAgent},
      {"no_proxy", kAgent},
      {"oauth2", kAgent},
      {"proxy_connect_header", kAgent},
      {"proxy_from_environment", kAgent},
      {"proxy_url", kAgent},
      {"relabel_configs",
       "write the labels into static_configs, or use a Prometheus in agent mode "
       "with remote_write"},
      {"sample_limit", "limits: scrape_samples_max is that of all jobs"},
      {"scrape_classic_histograms", kAgent},
      {"scrape_failure_log_file", "failures are in the log"},
      {"scrape_protocols", "OpenMetrics and the text format are asked for"},
      {"target_limit", "limits: scrape_targets_max is that of all jobs"},
      {"track_timestamps_staleness", kAgent},
  };
  return keys;
}

const Refused& RefusedOfTls() {
  static const auto& keys = *new Refused{
      {"ca", "use ca_file"},
      {"ca_ref", "use ca_file"},
      {"cert", kAgent},
      {"cert_file", kAgent},
      {"cert_ref", kAgent},
      {"insecure_skip_verify",
       "without a look at the certificate anybody can answer for the target, and gets its key; "
       "name "
       "who signed the certificate: ca_file"},
      {"key", kAgent},
      {"key_file", kAgent},
      {"key_ref", kAgent},
      {"max_version", kAgent},
      {"min_version", kAgent},
      {"server_name", kAgent},
  };
  return keys;
}

void Check(ConfigFindings& findings, ConfigMap& map, const std::string& what,
           const std::vector<std::string>& known, const Refused& refused) {
  std::vector<std::string> expected = known;
  for (const rules::YamlEntry& entry : map.node().entries) {
    const std::string& key = entry.key->value;
    const auto found = refused.find(key);
    const bool discovery = absl::EndsWith(key, "_sd_configs");
    if (found == refused.end() && !discovery) continue;
    findings.Error(*entry.key, rules::code::kUnsupported,
                   absl::StrCat(key, " is not supported in ", what),
                   discovery ? absl::StrCat("targets are static here; ", kAgent) : found->second);
    expected.push_back(key);
  }
  map.CheckKeys(expected);
}

}  // namespace

void CheckScrapeKeys(ConfigFindings& findings, ConfigMap& job) {
  Check(findings, job, "scrape_configs",
        {"job_name", "scrape_interval", "scrape_timeout", "metrics_path", "scheme", "params",
         "honor_labels", "honor_timestamps", "authorization", "basic_auth", "tls_config",
         "static_configs"},
        RefusedOfJobs());
}

void CheckScrapeTlsKeys(ConfigFindings& findings, ConfigMap& tls) {
  Check(findings, tls, "tls_config", {"ca_file"}, RefusedOfTls());
}

}  // namespace tocsin::app
