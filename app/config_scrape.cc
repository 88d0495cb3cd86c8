#include "app/config_scrape.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "app/config_receivers.h"
#include "app/config_routing.h"
#include "app/config_scrape_keys.h"
#include "integrations/http/remote_url.h"
#include "rules/promql/printer.h"

namespace tocsin::app {
namespace {

using http_client::HostKind;
using scrape::ScrapeJob;
using scrape::StaticTargets;

constexpr absl::Duration kIntervalMin = absl::Milliseconds(100);
constexpr absl::Duration kIntervalMax = absl::Hours(24);

bool IsLabelName(absl::string_view name) {
  const auto fits = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_';
  };
  return !name.empty() && !absl::ascii_isdigit(static_cast<unsigned char>(name[0])) &&
         std::all_of(name.begin(), name.end(), fits);
}

// What is wrong with a target; "": nothing.
std::string TargetFault(const std::string& target) {
  if (absl::StrContains(target, "://") || absl::StrContains(target, '/')) {
    return "a target is host:port, without scheme and path";
  }
  const auto url = http_client::ParseRemoteUrl(absl::StrCat("http://", target, "/"));
  if (!url.ok() || absl::StrContains(target, '?') || absl::StrContains(target, '\\')) {
    return "a target is host:port";
  }
  const size_t behind = target.rfind(']') == std::string::npos ? 0 : target.rfind(']');
  const size_t colon = target.find(':', behind);
  if (colon == std::string::npos) return "";
  uint32_t port = 0;
  const std::string digits = target.substr(colon + 1);
  const bool plain = std::all_of(digits.begin(), digits.end(), [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c));
  });
  const bool fits = plain && absl::SimpleAtoi(digits, &port) && port >= 1 && port <= 65535;
  return fits ? "" : "a target is host:port, and a port is a number from 1 to 65535";
}

// Reads all jobs; what they must not have in common is known here.
class JobsReader {
 public:
  JobsReader(const ReceiverContext& context, const Limits& limits)
      : context_(context), findings_(context.findings), limits_(limits) {}

  void Read(const YamlNode& node);
  std::vector<ScrapeJob> Take() { return std::move(jobs_); }

 private:
  void ReadTimes(const ConfigMap& map, ScrapeJob& job);
  void ReadUrlParts(const ConfigMap& map, ScrapeJob& job);
  void ReadParams(const ConfigMap& map, ScrapeJob& job);
  void ReadTls(const ConfigMap& map, ScrapeJob& job);
  void ReadStatic(const YamlNode& node, ScrapeJob& job);
  void ReadLabels(const ConfigMap& map, StaticTargets& some);
  // Adds one target, if it may be there.
  void AddTarget(const YamlNode& at, const ScrapeJob& job, StaticTargets& some);
  void WarnIfOpen(const YamlNode& at, const ScrapeJob& job, const std::string& target);

  const ReceiverContext& context_;
  ConfigFindings& findings_;
  const Limits& limits_;
  std::vector<ScrapeJob> jobs_;
  std::set<std::string> names_;
  std::set<Labels> targets_;  // by their labels
  uint64_t count_ = 0;
};

void JobsReader::Read(const YamlNode& node) {
  ConfigMap map(findings_, node, "scrape_configs");
  if (node.kind == YamlNode::Kind::kScalar || node.kind == YamlNode::Kind::kSequence) {
    return;  // said there
  }
  CheckScrapeKeys(findings_, map);
  ScrapeJob job;
  if (!map.ReadString("job_name", &job.job_name) || job.job_name.empty()) {
    return findings_.Error(node, rules::code::kMissingKey,
                           "an entry of scrape_configs needs a job_name");
  }
  if (!names_.insert(job.job_name).second) {
    findings_.Error(*map.Find("job_name"), rules::code::kDuplicateName,
                    absl::StrCat("there are two jobs named \"", job.job_name, "\""));
  }
  ReadTimes(map, job);
  ReadUrlParts(map, job);
  ReadParams(map, job);
  map.ReadBool("honor_labels", &job.honor_labels);
  map.ReadBool("honor_timestamps", &job.honor_timestamps);
  job.credentials = ReadAuthorization(context_, map);
  ReadTls(map, job);
  if (map.Find("static_configs") == nullptr) {
    findings_.Error(node, rules::code::kMissingKey, "a job needs static_configs",
                    "static_configs: [{targets: [\"host:port\"]}]");
  }
  map.ForEachItem("static_configs", [&](const YamlNode& item) { ReadStatic(item, job); });
  jobs_.push_back(std::move(job));
}

void JobsReader::ReadTimes(const ConfigMap& map, ScrapeJob& job) {
  if (map.ReadDuration("scrape_interval", &job.scrape_interval) &&
      (job.scrape_interval < kIntervalMin || job.scrape_interval > kIntervalMax)) {
    findings_.BadValue(*map.Find("scrape_interval"), "scrape_interval must be from 100ms to 1d");
    job.scrape_interval = ScrapeJob().scrape_interval;
  }
  if (!map.ReadDuration("scrape_timeout", &job.scrape_timeout)) {
    job.scrape_timeout = std::min(job.scrape_timeout, job.scrape_interval);
  } else if (job.scrape_timeout < absl::Milliseconds(1) ||
             job.scrape_timeout > job.scrape_interval) {
    findings_.BadValue(*map.Find("scrape_timeout"),
                       absl::StrCat("scrape_timeout must be above 0 and at most the interval, ",
                                    promql::PrintDuration(job.scrape_interval)));
  }
}

void JobsReader::ReadUrlParts(const ConfigMap& map, ScrapeJob& job) {
  if (map.ReadString("scheme", &job.scheme) && job.scheme != "http" && job.scheme != "https") {
    findings_.BadValue(*map.Find("scheme"), "scheme must be http or https");
    job.scheme = "http";
  }
  if (!map.ReadString("metrics_path", &job.metrics_path)) return;
  const bool fits =
      absl::StartsWith(job.metrics_path, "/") &&
      std::all_of(job.metrics_path.begin(), job.metrics_path.end(), [](char c) {
        return absl::ascii_isgraph(static_cast<unsigned char>(c)) && c != '?' && c != '#';
      });
  if (fits) return;
  findings_.BadValue(*map.Find("metrics_path"),
                     "metrics_path begins with / and holds neither blanks nor ? nor #",
                     "what goes behind ? is params: {NAME: [VALUE]}");
}

void JobsReader::ReadParams(const ConfigMap& map, ScrapeJob& job) {
  const YamlNode* node = map.Find("params");
  if (node == nullptr) return;
  ConfigMap params(findings_, *node, "params");
  for (const rules::YamlEntry& entry : node->entries) {
    params.ReadStrings(entry.key->value, &job.params[entry.key->value]);
  }
}

void JobsReader::ReadTls(const ConfigMap& map, ScrapeJob& job) {
  const YamlNode* node = map.Find("tls_config");
  if (node == nullptr) return;
  ConfigMap tls(findings_, *node, "tls_config");
  CheckScrapeTlsKeys(findings_, tls);
  if (tls.ReadString("ca_file", &job.ca_file) && !job.ca_file.empty()) {
    job.ca_file = context_.ResolveReadable(*tls.Find("ca_file"), job.ca_file);
  }
}

void JobsReader::ReadStatic(const YamlNode& node, ScrapeJob& job) {
  ConfigMap map(findings_, node, "static_configs");
  if (node.kind != YamlNode::Kind::kMap) return;  // said there
  map.CheckKeys({"targets", "labels"});
  StaticTargets some;
  ReadLabels(map, some);
  map.ForEachItem("targets", [&](const YamlNode& item) { AddTarget(item, job, some); });
  job.static_configs.push_back(std::move(some));
}

void JobsReader::ReadLabels(const ConfigMap& map, StaticTargets& some) {
  const YamlNode* node = map.Find("labels");
  if (node == nullptr) return;
  const ConfigMap labels(findings_, *node, "labels");
  LabelsBuilder builder;
  for (const rules::YamlEntry& entry : node->entries) {
    const std::string& name = entry.key->value;
    const auto value = ReadText(findings_, *entry.value, absl::StrCat("label \"", name, "\""));
    if (absl::StartsWith(name, "__")) {
      findings_.Error(
          *entry.key, rules::code::kUnsupported,
          absl::StrCat("labels that begin with __ are not supported: ", name),
          "they steer relabelling; scheme, metrics_path and params are keys of the job");
    } else if (!IsLabelName(name)) {
      findings_.BadValue(*entry.key, absl::StrCat("invalid label name: \"", name, "\""));
    } else if (value) {
      builder.Set(name, *value);
    }
  }
  some.labels = builder.Build();
}

void JobsReader::AddTarget(const YamlNode& at, const ScrapeJob& job, StaticTargets& some) {
  const auto text = ReadText(findings_, at, "a target");
  if (!text) return;
  if (const std::string fault = TargetFault(*text); !fault.empty()) {
    return findings_.BadValue(at, fault);
  }
  if (++count_ > limits_.scrape_targets_max) {
    if (count_ > limits_.scrape_targets_max + 1) return;  // said once
    return findings_.Error(
        at, rules::code::kLimit,
        absl::StrCat("more than ", limits_.scrape_targets_max, " targets (scrape_targets_max)"));
  }
  ScrapeJob alone = job;
  alone.static_configs = {{.targets = {*text}, .labels = some.labels}};
  const Labels labels = scrape::TargetsOf(alone).front().labels;
  if (!targets_.insert(labels).second) {
    return findings_.Error(
        at, rules::code::kConflict,
        absl::StrCat("there are two targets with the labels ", labels.ToString()),
        "their samples would be those of one series");
  }
  if (!job.credentials.empty()) WarnIfOpen(at, job, *text);
  some.targets.push_back(*text);
}

void JobsReader::WarnIfOpen(const YamlNode& at, const ScrapeJob& job, const std::string& target) {
  if (job.scheme == "https") return;
  const auto url = http_client::ParseRemoteUrl(absl::StrCat("http://", target, "/"));
  if (url.ok() && (url->kind == HostKind::kLoopback || url->host == "localhost")) return;
  findings_.Warning(at, rules::code::kBadValue, "the key travels unencrypted to another host",
                    "use scheme: https");
}

void PrintJob(const ScrapeJob& job, ConfigWriter& writer) {
  writer.Text("job_name", job.job_name);
  writer.Line(absl::StrCat("scrape_interval: ", promql::PrintDuration(job.scrape_interval)));
  writer.Line(absl::StrCat("scrape_timeout: ", promql::PrintDuration(job.scrape_timeout)));
  writer.Text("metrics_path", job.metrics_path);
  writer.Text("scheme", job.scheme);
  if (!job.params.empty()) {
    writer.Begin("params");
    for (const auto& [name, values] : job.params) writer.Texts(Quote(name), values);
    writer.End();
  }
  writer.Line(absl::StrCat("honor_labels: ", job.honor_labels ? "true" : "false"));
  writer.Line(absl::StrCat("honor_timestamps: ", job.honor_timestamps ? "true" : "false"));
  PrintAuthorization(job.credentials, writer);
  if (!job.ca_file.empty()) {
    writer.Begin("tls_config");
    writer.Text("ca_file", job.ca_file);
    writer.End();
  }
  writer.Begin("static_configs");
  for (const StaticTargets& some : job.static_configs) {
    writer.Item();
    writer.Texts("targets", some.targets);
    if (!some.labels.empty()) {
      writer.Begin("labels");
      for (const LabelView& label : some.labels) writer.Text(Quote(label.name), label.value);
      writer.End();
    }
    writer.End();
  }
  writer.End();
}

}  // namespace

std::vector<ScrapeJob> ReadScrapeJobs(const ReceiverContext& context, const ConfigMap& top,
                                      const Limits& limits) {
  JobsReader reader(context, limits);
  top.ForEachItem("scrape_configs", [&](const YamlNode& node) { reader.Read(node); });
  return reader.Take();
}

void PrintScrapeJobs(const std::vector<ScrapeJob>& jobs, ConfigWriter& writer) {
  if (jobs.empty()) return;
  writer.Begin("scrape_configs");
  for (const ScrapeJob& job : jobs) {
    writer.Item();
    PrintJob(job, writer);
    writer.End();
  }
  writer.End();
}

std::vector<scrape::TargetConfig> ScrapeTargets(const std::vector<ScrapeJob>& jobs) {
  std::vector<scrape::TargetConfig> all;
  for (const ScrapeJob& job : jobs) {
    for (scrape::TargetConfig& target : scrape::TargetsOf(job)) all.push_back(std::move(target));
  }
  return all;
}

}  // namespace tocsin::app
