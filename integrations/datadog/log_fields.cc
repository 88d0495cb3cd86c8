#include "integrations/datadog/log_fields.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "integrations/datadog/names.h"

namespace tocsin::datadog {
namespace {

// The least number of each of OTLP's severities.
constexpr int kTrace = 1, kDebug = 5, kInfo = 9, kWarn = 13, kError = 17, kFatal = 21;

// Emergency to debug.
constexpr int kOfSyslog[] = {kFatal, kFatal, kFatal, kError, kWarn, kInfo, kInfo, kDebug};

struct Beginning {
  const char* text;
  int severity;
};
// The first that fits counts.
constexpr Beginning kBeginnings[] = {
    {"emerg", kFatal}, {"f", kFatal}, {"a", kFatal}, {"c", kFatal}, {"e", kError},
    {"w", kWarn},      {"t", kTrace}, {"d", kDebug}, {"v", kDebug},
};

struct TagAndResource {
  const char* key;
  const char* resource;
};
// OpenTelemetry's semantic conventions, with the older name where many still send it.
constexpr TagAndResource kResources[] = {
    {"service", "service.name"},
    {"version", "service.version"},
    {"host", "host.name"},
    {"env", "deployment.environment.name"},
    {"env", "deployment.environment"},
    {"container_id", "container.id"},
    {"container_name", "container.name"},
    {"image_name", "container.image.name"},
    {"kube_cluster_name", "k8s.cluster.name"},
    {"kube_namespace", "k8s.namespace.name"},
    {"kube_node", "k8s.node.name"},
    {"pod_name", "k8s.pod.name"},
    {"kube_container_name", "k8s.container.name"},
    {"kube_deployment", "k8s.deployment.name"},
    {"kube_replica_set", "k8s.replicaset.name"},
    {"kube_stateful_set", "k8s.statefulset.name"},
    {"kube_daemon_set", "k8s.daemonset.name"},
    {"kube_job", "k8s.job.name"},
    {"kube_cronjob", "k8s.cronjob.name"},
    {"cloud_provider", "cloud.provider"},
    {"region", "cloud.region"},
    {"availability-zone", "cloud.availability_zone"},
};

bool IsDecimal(absl::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); });
}
bool IsHexadecimal(absl::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return absl::ascii_isxdigit(static_cast<unsigned char>(c)); });
}

}  // namespace

int SeverityOfStatus(absl::string_view status) {
  if (status.size() == 1 && status[0] >= '0' && status[0] <= '7') return kOfSyslog[status[0] - '0'];
  for (const auto& [text, severity] : kBeginnings) {
    if (absl::StartsWithIgnoreCase(status, text)) return severity;
  }
  return kInfo;
}

std::string TraceIdOf(absl::string_view text) {
  constexpr size_t kBytes = 16;
  constexpr size_t kHalf = 8;
  if (text.size() == 2 * kBytes && IsHexadecimal(text)) return absl::HexStringToBytes(text);
  uint64_t number = 0;
  const bool decimal = IsDecimal(text) && absl::SimpleAtoi(text, &number);
  if (!decimal && (text.size() != 2 * kHalf || !IsHexadecimal(text))) return "";
  std::string bytes(kBytes, '\0');
  if (!decimal) return bytes.replace(kHalf, kHalf, absl::HexStringToBytes(text));
  for (size_t i = kBytes; number != 0; number >>= 8) bytes[--i] = static_cast<char>(number & 0xff);
  return bytes;
}

std::optional<int64_t> LogTimeOf(absl::string_view text) {
  constexpr int64_t kMillisMax = INT64_MAX / 1'000'000;
  int64_t ms = 0;
  if (!absl::SimpleAtoi(text, &ms)) {
    absl::Time time;
    std::string error;
    if (!absl::ParseTime(absl::RFC3339_full, text, &time, &error)) return std::nullopt;
    ms = absl::ToUnixMillis(time);
  }
  if (ms <= 0 || ms > kMillisMax) return std::nullopt;
  return ms;
}

std::vector<absl::string_view> ResourceNamesOfTag(absl::string_view key) {
  std::vector<absl::string_view> names;
  for (const auto& [tag, resource] : kResources) {
    if (key == tag) names.push_back(resource);
  }
  return names;
}

void LogTags::Clear() {
  tags_.clear();
  too_many_ = false;
}

void LogTags::Add(absl::string_view tag) {
  const std::string normal = NormalTag(tag);
  const std::pair<absl::string_view, absl::string_view> parts =
      absl::StrSplit(normal, absl::MaxSplits(':', 1));
  if (parts.first.empty()) return;
  if (tags_.size() >= kTagsMax) {
    too_many_ = true;
    return;
  }
  tags_.emplace_back(parts.first, parts.second.empty() ? kBareTagValue : parts.second);
}

void LogTags::AddList(absl::string_view list) {
  for (const absl::string_view tag : absl::StrSplit(list, ',')) Add(tag);
}

void LogTags::Join() {
  std::sort(tags_.begin(), tags_.end());
  tags_.erase(std::unique(tags_.begin(), tags_.end()), tags_.end());
  size_t kept = 0;
  for (size_t i = 0; i < tags_.size(); ++i) {
    if (kept > 0 && tags_[kept - 1].first == tags_[i].first) {
      tags_[kept - 1].second.push_back(kValueSeparator);
      tags_[kept - 1].second += tags_[i].second;
    } else if (kept++ != i) {
      tags_[kept - 1] = std::move(tags_[i]);
    }
  }
  tags_.resize(kept);
}

}  // namespace tocsin::datadog
