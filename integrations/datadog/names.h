#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/labels.h"

// The one mapping of Datadog's names and tags to Prometheus' names and labels; docs/senders.md says
// it to users. Pure functions, any thread.
namespace tocsin::datadog {

// A check's status as a series: name of the metric, and the labels that are its own.
inline constexpr char kServiceCheckMetric[] = "datadog_service_check";
inline constexpr char kEventsMetric[] = "datadog_events";
inline constexpr char kMetricIntervalMetric[] = "datadog_metric_interval_seconds";

// "system.cpu.user" -> "system_cpu_user": what Datadog does to names (everything but letters,
// digits, '_' and
// '.' becomes '_', several '_' one, none beside a '.', what stands before the first letter is left
// out, 200 characters at most), and then '.' -> '_'. InvalidArgument if no letter is in it.
absl::StatusOr<std::string> MetricNameFromDatadog(absl::string_view name);

// The label of tags with that key: lower case; everything but letters, digits and '_' becomes '_';
// a leading digit gets '_' in front, several leading '_' are one (labels that begin with "__" are
// reserved). "" if there is nothing to make a name of.
std::string LabelNameFromDatadog(absl::string_view key);

// What Datadog does to the text of a tag: ASCII in lower case; ASCII besides letters, digits and
// "_-:./" becomes
// '_'; no blanks around it; 200 characters at most. Characters beyond ASCII stay. Hosts are tags,
// too.
std::string NormalTag(absl::string_view tag);

// The value of tags without one: `production` -> production="true".
inline constexpr char kBareTagValue[] = "true";
// Between the values of tags with the same key, which are sorted: no value holds it.
inline constexpr char kValueSeparator = ',';

// Puts the labels of one series together. Tags are a set in which a key may have several values; a
// label has all of them, joined by kValueSeparator in ascending order.
//
// Thread: one at a time.
class LabelMaker {
 public:
  // A label that is the series' own, by its name here, such as the host: the value as it is. Tags
  // with a key of that name go to "exported_" and the name. "" is no label.
  void SetOwn(absl::string_view name, absl::string_view value);
  // `key:value` or a bare `key`, as sent. What leaves no name is left out.
  void AddTag(absl::string_view tag);
  void AddTag(absl::string_view key, absl::string_view value);

  // Begins anew afterwards.
  Labels Build();

 private:
  void Add(std::string name, std::string value);
  bool IsOwn(absl::string_view name) const;

  std::vector<std::pair<std::string, std::string>> own_;
  std::vector<std::pair<std::string, std::string>> tags_;  // label name and value, in any order
};

}  // namespace tocsin::datadog
