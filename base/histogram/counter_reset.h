#pragma once

#include "base/native_histogram.h"

namespace tocsin {

// Whether `current` began to count anew after `previous`: it says so itself (unless it is marked as
// unknown or a gauge), or the number of observations or the count of some bucket has fallen, or it
// has a finer resolution or a smaller zero bucket, which only happens together with a reset. The
// sum does not count, it may fall with negative observations.
bool IsCounterReset(const NativeHistogram& current, const NativeHistogram& previous);

// How a sample is marked once it is stored behind `previous`, its predecessor in the series (null:
// there is none, or it is a float or a stale marker). Gauges stay gauges; a counter is marked as no
// reset if it can be seen to continue with the same buckets, else as unknown. Prometheus' storage
// does the same: what a sender says about resets is not kept.
CounterReset StoredCounterReset(const NativeHistogram& histogram, const NativeHistogram* previous);

}  // namespace tocsin
