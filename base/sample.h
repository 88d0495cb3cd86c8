#pragma once

#include <bit>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/native_histogram.h"
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

// Samples on their way from a decoder to the log: columns of equal length, in the sender's order.
//
// A native histogram is kept beside the columns; its value is HistogramMark(). What Add() takes as
// a float is one: with the bits of the mark it becomes an ordinary NaN. Only values that were read
// back from an old log may carry the mark without a histogram.
struct SampleBatch {
  std::vector<SeriesRef> refs;
  std::vector<int64_t> times_ms;
  std::vector<double> values;
  // By sample, null where it is a float, up to the last histogram: empty while there are none.
  std::vector<HistogramPtr> histograms;

  void Add(SeriesRef ref, int64_t time_ms, double value) {
    Push(ref, time_ms, IsHistogramMark(value) ? std::numeric_limits<double>::quiet_NaN() : value);
  }
  // Not null.
  void Add(SeriesRef ref, int64_t time_ms, HistogramPtr histogram) {
    Push(ref, time_ms, HistogramMark());
    SetHistogram(size() - 1, std::move(histogram));
  }
  // Of a sample whose value is the mark.
  void SetHistogram(size_t i, HistogramPtr histogram) {
    if (histograms.size() <= i) histograms.resize(i + 1);
    histograms[i] = std::move(histogram);
  }
  // Null: the sample is a float.
  const NativeHistogram* histogram(size_t i) const {
    return i < histograms.size() ? histograms[i].get() : nullptr;
  }
  // All samples of `other`, behind those that are there.
  void Append(const SampleBatch& other);

  size_t size() const { return refs.size(); }
  bool empty() const { return refs.empty(); }
  size_t bytes() const;

 private:
  void Push(SeriesRef ref, int64_t time_ms, double value) {
    refs.push_back(ref);
    times_ms.push_back(time_ms);
    values.push_back(value);
  }
};

}  // namespace tocsin
