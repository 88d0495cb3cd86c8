#pragma once

#include "base/native_histogram.h"

namespace tocsin {

// `histogram </ bound` and `histogram >/ bound`: without the observations above or below a bound.
// The bucket that the bound is in is split by interpolation as for quantiles; a bucket without a
// finite end is kept or dropped as a whole where that cannot be told. If anything was taken away,
// count and sum are computed anew, the sum from the middles of buckets. Source: Prometheus 3.x.
enum class Trim { kKeepBelow, kKeepAbove };
NativeHistogram Trimmed(const NativeHistogram& histogram, Trim trim, double bound);

}  // namespace tocsin
