#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "absl/status/statusor.h"
#include "base/labels.h"
#include "base/native_histogram.h"
#include "base/sample.h"
#include "rules/promql/ast.h"

namespace tocsin::naive {

// A sample: a float, or a histogram.
struct Point {
  int64_t time_ms = 0;
  double value = 0;
  HistogramPtr histogram;
};

// All samples ever seen, ascending per series. Nothing is dropped unless told so, nothing is
// indexed.
class Storage {
 public:
  // A second sample at the same time of a series is ignored.
  void Add(const Labels& labels, int64_t time_ms, double value);
  // Histograms come out marked as StoredCounterReset() says.
  void Add(const Labels& labels, int64_t time_ms, HistogramPtr histogram);
  void Clear() { series_.clear(); }
  // For long runs: older samples go, and series without any.
  void DropBefore(int64_t time_ms);

  const std::map<Labels, std::vector<Point>>& series() const { return series_; }

 private:
  void Add(const Labels& labels, Point point);

  std::map<Labels, std::vector<Point>> series_;
};

// Whether a label set fits all matchers. InvalidArgument if a regex does not compile.
absl::StatusOr<bool> Matches(const std::vector<promql::Matcher>& matchers, const Labels& labels);

}  // namespace tocsin::naive
