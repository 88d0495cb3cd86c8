#include "integrations/datadog/metric_intervals.h"

#include "absl/strings/str_cat.h"
#include "base/labels.h"
#include "integrations/datadog/names.h"

namespace tocsin::datadog {
namespace {

constexpr int64_t kToldEveryMs = 60'000;

}  // namespace

SeriesRef MetricIntervals::RefIfDue(const std::string& key, int64_t interval_s, int64_t time_ms,
                                    bool& known) {
  MutexLock lock(mutex_);
  const auto found = told_.find(key);
  known = found != told_.end() || told_.size() >= kMetricsMax;
  if (found == told_.end()) return 0;
  Told& told = found->second;
  const bool changed = told.interval_s != interval_s && time_ms > told.time_ms;
  if (!changed && time_ms < told.time_ms + kToldEveryMs) return 0;
  told.interval_s = interval_s;
  told.time_ms = time_ms;
  return told.ref;
}

absl::Status MetricIntervals::Note(absl::string_view metric, MetricType type, int64_t interval_s,
                                   int64_t time_ms, SampleBatch& batch) {
  const absl::string_view type_name = type == MetricType::kRate ? "rate" : "count";
  const std::string key = absl::StrCat(type_name, " ", metric);
  bool known = false;
  SeriesRef ref = RefIfDue(key, interval_s, time_ms, known);
  if (!known) {
    const auto name = MetricNameFromDatadog(metric);
    if (!name.ok()) return absl::OkStatus();
    const auto made = sink_.Resolve(
        Labels({{kMetricName, kMetricIntervalMetric}, {"metric", *name}, {"type", type_name}}));
    if (absl::IsInvalidArgument(made.status()) || absl::IsResourceExhausted(made.status()))
      return absl::OkStatus();
    if (!made.ok()) return made.status();
    ref = *made;
    MutexLock lock(mutex_);
    told_[key] = {ref, interval_s, time_ms};
  }
  if (ref != 0) batch.Add(ref, time_ms, static_cast<double>(interval_s));
  return absl::OkStatus();
}

}  // namespace tocsin::datadog
