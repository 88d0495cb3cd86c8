#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "integrations/datadog/distribution.h"
#include "integrations/datadog/sent.h"
#include "integrations/datadog/statsd_message.h"

namespace tocsin::datadog {

// What is kept of the messages of one type.
struct StatsdGauge {
  bool seen = false;
  double last = 0;
};
struct StatsdCount {
  double sum = 0;
};
struct StatsdHistogram {
  std::vector<std::pair<double, int64_t>> values;  // with how often each counts
  double sum = 0;
  int64_t count = 0;
  double ValueAt(int64_t target) const;  // values are sorted
};
struct StatsdSet {
  absl::flat_hash_set<std::string> values;
};

// What came for one name and set of tags within a bucket of 10 s, and the series it becomes: as the
// Agent does it. Values of messages that are only a sample count 1 / rate times.
//
// Thread: one at a time.
class StatsdAggregate {
 public:
  // Suffix of the name, and the series' type and single point; "" for those that keep the name.
  struct Result {
    const char* suffix = "";
    MetricType type = MetricType::kGauge;
    double value = 0;
    HistogramPtr histogram;
  };

  explicit StatsdAggregate(StatsdType type);

  // A message of that type. Returns by how many bytes it grew, about.
  size_t Add(const StatsdMetric& metric);

  // Gauge: the last value. Count: the sum per second. Histogram and timing: `.max .median .avg
  // .95percentile` and, per second, `.count`. Set: how many values. Distribution: a histogram.
  // Nothing if nothing came; a count is 0 then. Begins a new bucket.
  std::vector<Result> Close(size_t buckets_max);

  bool IsCount() const { return std::holds_alternative<StatsdCount>(state_); }

  static constexpr int64_t kBucketSeconds = 10;

 private:
  static std::vector<Result> CloseHistogram(StatsdHistogram& histogram);

  std::variant<StatsdGauge, StatsdCount, StatsdHistogram, StatsdSet, Distribution> state_;
};

}  // namespace tocsin::datadog
