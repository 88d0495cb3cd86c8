#pragma once

#include <cstdint>
#include <vector>

#include "base/labels.h"
#include "base/native_histogram.h"
#include "base/random.h"

namespace tocsin::twin {

// One sample on its way: it reaches storage at `arrival_ms`, some time after its own time.
struct Arrival {
  int64_t arrival_ms;
  int64_t time_ms;
  Labels labels;
  double value;
  HistogramPtr histogram;  // instead of the value
};

// Half an hour of random data, ascending by arrival: counters that reset, gauges, series that come
// and go mid-way, gaps longer than the lookback, stale markers, NaN and infinities, late and
// repeated samples. Of native histograms, `hist_total` are counters that reset and change their
// buckets, `hist_level` gauges, `hist_custom` have custom buckets that change, and `hist_mixed` are
// floats now and then. Finite values are multiples of 1/4 below 1000, so that sums of them are
// exact.
std::vector<Arrival> RandomFeed(Random& random, int64_t start_ms, int64_t length_ms);

// Beside these: many series that live for minutes each.
std::vector<Arrival> ShortLivedFeed(Random& random, int64_t start_ms, int64_t length_ms);

// Both in order of arrival.
std::vector<Arrival> Merged(const std::vector<Arrival>& a, const std::vector<Arrival>& b);

}  // namespace tocsin::twin
