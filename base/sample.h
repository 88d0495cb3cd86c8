#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <vector>

#include "base/timestamp.h"

namespace tocsin {

// Names a series within one data directory; given at first sight, never reused, never 0.
using SeriesRef = uint64_t;

struct Sample {
  int64_t time_ms = 0;
  double value = 0;
};

// The NaN that marks the end of a series (Prometheus' bit pattern); any other NaN is an ordinary
// value.
inline constexpr uint64_t kStaleMarkerBits = 0x7ff0000000000002;
inline double StaleMarker() {
  return std::bit_cast<double>(kStaleMarkerBits);
}
inline bool IsStaleMarker(double value) {
  return std::bit_cast<uint64_t>(value) == kStaleMarkerBits;
}

// The NaN that stands in a column of values where the sample is a histogram, which is kept beside
// the column. Ours; a value of these bits without a histogram is an ordinary NaN.
inline constexpr uint64_t kHistogramBits = 0x7ff0000000000005;
inline double HistogramMark() {
  return std::bit_cast<double>(kHistogramBits);
}
inline bool IsHistogramMark(double value) {
  return std::bit_cast<uint64_t>(value) == kHistogramBits;
}

// Samples on their way from a decoder to the log: three columns of equal length, in the sender's
// order.
struct SampleBatch {
  std::vector<SeriesRef> refs;
  std::vector<int64_t> times_ms;
  std::vector<double> values;

  void Add(SeriesRef ref, int64_t time_ms, double value) {
    refs.push_back(ref);
    times_ms.push_back(time_ms);
    values.push_back(value);
  }
  size_t size() const { return refs.size(); }
  bool empty() const { return refs.empty(); }
  size_t bytes() const {
    return refs.size() * (sizeof(SeriesRef) + sizeof(int64_t) + sizeof(double));
  }
};

}  // namespace tocsin
