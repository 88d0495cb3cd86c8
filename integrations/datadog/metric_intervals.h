#pragma once

#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/mutex.h"
#include "base/sample.h"
#include "engine/sample_sink.h"
#include "integrations/datadog/sent.h"

namespace tocsin::datadog {

// The intervals in which senders count, as the series datadog_metric_interval_seconds{metric,
// type}, once a minute for each metric: counts divided by it are the per-second values that Datadog
// shows for metrics of type rate.
//
// Thread: any. Borrows the sink. Limit: kMetricsMax metrics; others have no such series.
class MetricIntervals {
 public:
  static constexpr size_t kMetricsMax = 100'000;

  explicit MetricIntervals(engine::SampleSink& sink) : sink_(sink) {}

  // Adds the sample of a metric of type count or rate to `batch` if it is due at `time_ms`, the
  // time of the points that came. Errors: what the sink returns besides InvalidArgument and
  // ResourceExhausted.
  absl::Status Note(absl::string_view metric, MetricType type, int64_t interval_s, int64_t time_ms,
                    SampleBatch& batch);

 private:
  struct Told {
    SeriesRef ref = 0;
    int64_t interval_s = 0;
    int64_t time_ms = INT64_MIN;
  };

  // 0: not now.
  SeriesRef RefIfDue(const std::string& key, int64_t interval_s, int64_t time_ms, bool& known);

  engine::SampleSink& sink_;
  Mutex mutex_;
  absl::flat_hash_map<std::string, Told> told_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::datadog
