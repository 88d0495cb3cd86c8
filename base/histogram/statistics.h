#pragma once

#include "base/native_histogram.h"

namespace tocsin {

// What was read off a histogram, and what NaN observations mean for it: they are counted in no
// bucket.
struct Reading {
  enum class NanNote {
    kNone,
    kResultIsNan,   // the quantile is among them
    kSkewedHigher,  // the quantile counts them as higher than everything
    kLeftOutOfFraction
  };
  double value = 0;
  NanNote nan = NanNote::kNone;
};

// The q-quantile, interpolated within its bucket: linearly with custom buckets and in the zero
// bucket, else exponentially, as if the observations were spread evenly over finer and finer
// buckets. In the outermost custom buckets it is the finite bound; a first one with a positive
// bound begins at 0. The zero bucket ends at 0 towards a side without buckets. q outside [0, 1]: an
// infinity; no observations or q NaN: NaN. Source: Prometheus 3.x.
Reading HistogramQuantile(double q, const NativeHistogram& histogram);

// The fraction of all observations between the bounds, with the same interpolation.
Reading HistogramFraction(double lower, double upper, const NativeHistogram& histogram);

// sum / count.
double HistogramAverage(const NativeHistogram& histogram);
// Each observation taken for the middle of its bucket: arithmetic with custom buckets, 0 in the
// zero bucket, else geometric. Of the population.
double HistogramVariance(const NativeHistogram& histogram);

}  // namespace tocsin
