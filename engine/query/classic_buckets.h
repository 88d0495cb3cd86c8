#pragma once

#include <limits>
#include <vector>

namespace tocsin::engine {

// A bucket of a classic histogram: how many observations are at or below its bound.
struct ClassicBucket {
  double bound = 0;
  double count = 0;
};

// Counts that fell and were raised to the one before: how many histograms have such, the buckets
// concerned, and the largest fall.
struct ForcedMonotonicity {
  int histograms = 0;
  double lowest_bound = std::numeric_limits<double>::infinity();
  double highest_bound = -std::numeric_limits<double>::infinity();
  double largest_fall = 0;
};

// The q-quantile, linear within a bucket; the lowest one begins at 0 unless its bound is not above
// that; the highest gives the bound below it. Sorts `buckets` and raises counts that fall; adds to
// `forced` if that was more than rounding. q outside [0, 1]: an infinity; NaN without an infinite
// bound, without observations or with q NaN. There is at least one bucket.
double ClassicQuantile(double q, std::vector<ClassicBucket>& buckets, ForcedMonotonicity& forced);

// The fraction of observations between the bounds, with the same interpolation. NaN likewise.
double ClassicFraction(double lower, double upper, std::vector<ClassicBucket>& buckets);

}  // namespace tocsin::engine
