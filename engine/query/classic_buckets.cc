#include "engine/query/classic_buckets.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

namespace tocsin::engine {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// So near that the difference is taken for a rounding error: a trillionth of the sum.
bool NearlyEqual(double a, double b) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return true;
  constexpr double kTolerance = 1e-12;
  constexpr double kSmallest = std::numeric_limits<double>::min();
  const double sum = std::fabs(a) + std::fabs(b), difference = std::fabs(a - b);
  if (a == 0 || b == 0 || sum < kSmallest) return difference < kTolerance * kSmallest;
  return difference / std::min(sum, std::numeric_limits<double>::max()) < kTolerance;
}

// Adds up buckets with equal bounds. `buckets` are sorted.
void Coalesce(std::vector<ClassicBucket>& buckets) {
  size_t last = 0;
  for (size_t i = 1; i < buckets.size(); ++i) {
    if (buckets[i].bound == buckets[last].bound) {
      buckets[last].count += buckets[i].count;
    } else {
      buckets[++last] = buckets[i];
    }
  }
  buckets.resize(last + 1);
}

// Raises counts that fall.
void ForceMonotonic(std::vector<ClassicBucket>& buckets, ForcedMonotonicity& forced) {
  bool here = false;
  double previous = buckets[0].count;
  for (size_t i = 1; i < buckets.size(); ++i) {
    double& count = buckets[i].count;
    if (NearlyEqual(previous, count)) {
      count = previous;
    } else if (count < previous) {
      here = true;
      forced.lowest_bound = std::min(forced.lowest_bound, buckets[i].bound);
      forced.highest_bound = std::max(forced.highest_bound, buckets[i].bound);
      forced.largest_fall = std::max(forced.largest_fall, previous - count);
      count = previous;
    } else {
      previous = count;
    }
  }
  if (here) ++forced.histograms;
}

// False: there is no bucket for all observations.
bool SortAndCoalesce(std::vector<ClassicBucket>& buckets) {
  std::stable_sort(
      buckets.begin(), buckets.end(),
      [](const ClassicBucket& a, const ClassicBucket& b) { return a.bound < b.bound; });
  if (buckets.back().bound != kInfinity) return false;
  Coalesce(buckets);
  return true;
}

// Observations below `value` if it is in or before the bucket from `begin` to `bucket`; `before`
// are in the buckets below.
std::optional<double> RankOf(double value, double begin, const ClassicBucket& bucket,
                             double before) {
  if (begin >= value) return before;
  if (bucket.bound <= value) return std::nullopt;
  if (begin == -kInfinity) return bucket.count;
  return before + (bucket.count - before) * (value - begin) / (bucket.bound - begin);
}

}  // namespace

double ClassicQuantile(double q, std::vector<ClassicBucket>& buckets, ForcedMonotonicity& forced) {
  if (std::isnan(q)) return kNan;
  if (q < 0) return -kInfinity;
  if (q > 1) return kInfinity;
  if (!SortAndCoalesce(buckets)) return kNan;
  ForceMonotonic(buckets, forced);
  if (buckets.size() < 2 || buckets.back().count == 0) return kNan;
  double rank = q * buckets.back().count;
  const auto at = std::partition_point(buckets.begin(), buckets.end() - 1,
                                       [&](const ClassicBucket& b) { return !(b.count >= rank); });
  if (at == buckets.end() - 1) return (at - 1)->bound;
  if (at == buckets.begin() && at->bound <= 0) return at->bound;
  double begin = 0, count = at->count;
  if (at != buckets.begin()) {
    begin = (at - 1)->bound;
    count -= (at - 1)->count;
    rank -= (at - 1)->count;
  }
  return begin + (at->bound - begin) * (rank / count);
}

double ClassicFraction(double lower, double upper, std::vector<ClassicBucket>& buckets) {
  if (!SortAndCoalesce(buckets)) return kNan;
  const double count = buckets.back().count;
  if (count == 0 || std::isnan(lower) || std::isnan(upper)) return kNan;
  if (lower >= upper) return 0;
  std::optional<double> lower_rank, upper_rank;
  double begin = buckets[0].bound > 0 ? 0 : -kInfinity;
  double before = 0;
  for (const ClassicBucket& bucket : buckets) {
    if (!lower_rank) lower_rank = RankOf(lower, begin, bucket, before);
    if (!upper_rank) upper_rank = RankOf(upper, begin, bucket, before);
    begin = bucket.bound;
    before = bucket.count;
  }
  const double from = std::min(lower_rank.value_or(count), count);
  const double to = std::min(upper_rank.value_or(count), count);
  return (to - from) / count;
}

}  // namespace tocsin::engine
