#include "app/config.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "app/config_access.h"
#include "app/config_datadog.h"
#include "app/config_inhibit.h"
#include "app/config_otlp.h"
#include "app/config_reader.h"
#include "app/config_routing.h"
#include "app/config_scrape.h"
#include "app/config_time_intervals.h"
#include "app/limit_names.h"
#include "app/receiver_context.h"
#include "integrations/http/listen_address.h"
#include "rules/rule_file.h"

namespace tocsin::app {
namespace {

constexpr absl::Duration kRetentionMax = absl::Hours(24 * 366);
constexpr absl::Duration kIntervalMin = absl::Milliseconds(100);

void ReadAddress(ConfigFindings& findings, const ConfigMap& map, const char* key,
                 std::string* out) {
  if (!map.ReadString(key, out)) return;
  const auto address = http::ParseListenAddress(*out);
  if (!address.ok()) {
    findings.BadValue(*map.Find(key), std::string(address.status().message()));
  }
}

void ReadListen(ConfigFindings& findings, const ConfigMap& top, Config::Listen& listen) {
  const YamlNode* node = top.Find("listen");
  if (node == nullptr) return;
  ConfigMap map(findings, *node, "listen");
  map.CheckKeys({"grpc", "http", "admin"});
  ReadAddress(findings, map, "grpc", &listen.grpc);
  ReadAddress(findings, map, "http", &listen.http);
  ReadAddress(findings, map, "admin", &listen.admin);
}

void ReadEvaluation(ConfigFindings& findings, const ConfigMap& top, Config& config) {
  const YamlNode* node = top.Find("evaluation");
  if (node == nullptr) return;
  ConfigMap map(findings, *node, "evaluation");
  map.CheckKeys({"interval"});
  absl::Duration interval = config.evaluation_interval;
  map.ReadDuration("interval", &interval);
  if (interval < kIntervalMin) {
    return findings.BadValue(*map.Find("interval"), "interval must be at least 100ms");
  }
  config.evaluation_interval = interval;
}

void ReadExternalLabels(ConfigFindings& findings, const ConfigMap& top, Labels& labels) {
  const YamlNode* node = top.Find("external_labels");
  if (node == nullptr) return;
  ConfigMap map(findings, *node, "external_labels");
  LabelsBuilder builder;
  for (const rules::YamlEntry& entry : node->entries) {
    const std::string& name = entry.key->value;
    const auto value = ReadText(findings, *entry.value, absl::StrCat("label \"", name, "\""));
    if (name.empty() || name == kMetricName) {
      findings.BadValue(*entry.key, absl::StrCat("invalid label name: \"", name, "\""));
    } else if (value) {
      builder.Set(name, *value);
    }
  }
  labels = builder.Build();
}

void ReadLimits(ConfigFindings& findings, const ConfigMap& top, Limits& limits) {
  const YamlNode* node = top.Find("limits");
  if (node == nullptr) return;
  ConfigMap map(findings, *node, "limits");
  std::vector<std::string> names;
  for (const LimitName& limit : AllLimits()) names.push_back(limit.name);
  map.CheckKeys(names);
  for (const LimitName& limit : AllLimits()) {
    map.ReadCount(limit.name, &(limits.*limit.member), limit.least);
  }
}

// Each OpsGenie target writes it into its pages.
void ReadExternalUrl(ConfigFindings& findings, const ConfigMap& top, Config& config) {
  std::string url;
  if (!top.ReadString("external_url", &url)) return;
  while (absl::EndsWith(url, "/")) url.pop_back();
  if (!absl::StartsWith(url, "https://") && !absl::StartsWith(url, "http://")) {
    return findings.BadValue(*top.Find("external_url"),
                             "external_url must begin with https:// or http://");
  }
  config.external_url = url;
  for (auto& [name, receiver] : config.routing.receivers) {
    for (opsgenie::OpsgenieConfig& target : receiver.opsgenie_configs) target.external_url = url;
  }
}

void ReadTop(ConfigFindings& findings, const YamlNode& root, const std::string& folder,
             const ConfigSources& sources, Config& config) {
  ConfigMap top(findings, root, "the configuration");
  top.CheckKeys(
      {"listen", "tls", "access", "data_dir", "rules", "retention", "evaluation", "external_labels",
       "external_url", "receivers", "route", "inhibit_rules", "time_intervals",
       "mute_time_intervals", "otlp", "datadog", "dogstatsd", "scrape_configs", "limits"},
      {"templates"});
  ReadListen(findings, top, config.listen);
  config.access = ReadAccess(findings, top, folder, sources);
  if (top.ReadString("data_dir", &config.data_dir) && config.data_dir.empty()) {
    findings.BadValue(top.Key("data_dir"), "data_dir must not be empty");
  }
  top.ReadStrings("rules", &config.rules);
  for (std::string& pattern : config.rules) pattern = ResolvePath(folder, pattern);
  if (top.ReadDuration("retention", &config.retention) && config.retention > kRetentionMax) {
    findings.BadValue(*top.Find("retention"), "retention must be at most 366d");
  }
  ReadEvaluation(findings, top, config);
  ReadExternalLabels(findings, top, config.external_labels);
  config.suppression.time_intervals = ReadTimeIntervals(findings, top);
  config.suppression.inhibit_rules = ReadInhibitRules(findings, top);
  config.routing = ReadRouting(findings, top, folder, sources, config.suppression.time_intervals);
  ReadExternalUrl(findings, top, config);
  config.datadog = ReadDatadog(ReceiverContext(findings, folder, sources), top);
  config.dogstatsd = ReadDogstatsd(findings, top);
  ReportOpenListeners(findings, top, config);
  ReadOtlp(findings, top, config.otlp);
  ReadLimits(findings, top, config.limits);
  config.scrape_configs =
      ReadScrapeJobs(ReceiverContext(findings, folder, sources), top, config.limits);
}

}  // namespace

bool ConfigResult::ok() const {
  return std::none_of(diagnostics.begin(), diagnostics.end(), [](const rules::Diagnostic& d) {
    return d.severity == rules::Severity::kError;
  });
}

ConfigResult ParseConfig(const std::string& path, const std::string& text,
                         const ConfigSources& sources) {
  ConfigResult result;
  const auto document = rules::YamlDocument::Parse(path, text, {}, result.diagnostics);
  if (document == nullptr) return result;
  ConfigFindings findings(*document, result.diagnostics);
  const std::string folder = std::filesystem::path(path).parent_path().string();
  ReadTop(findings, document->root(), folder, sources, result.config);
  std::stable_sort(result.diagnostics.begin(), result.diagnostics.end(),
                   [](const rules::Diagnostic& a, const rules::Diagnostic& b) {
                     return std::pair(a.position.line, a.position.column) <
                            std::pair(b.position.line, b.position.column);
                   });
  return result;
}

ConfigResult LoadConfig(const std::string& path, const ConfigSources& sources) {
  ConfigResult result;
  const auto files = rules::ReadRuleFiles({path}, result.diagnostics);
  if (files.empty()) return result;
  return ParseConfig(path, files.front().content, sources);
}

bool NeedsRestart(const Config& running, const Config& wanted) {
  return running.listen.grpc != wanted.listen.grpc || running.listen.http != wanted.listen.http ||
         running.listen.admin != wanted.listen.admin || running.access.tls != wanted.access.tls ||
         running.access.tls_listeners != wanted.access.tls_listeners ||
         running.data_dir != wanted.data_dir || running.retention != wanted.retention ||
         running.evaluation_interval != wanted.evaluation_interval ||
         running.external_labels != wanted.external_labels || running.otlp != wanted.otlp ||
         running.dogstatsd != wanted.dogstatsd || running.limits != wanted.limits;
}

}  // namespace tocsin::app
