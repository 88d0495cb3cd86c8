#include "base/histogram/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "base/kahan.h"

namespace tocsin {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

bool HoldsZero(const BucketRange& bucket) {
  return bucket.lower <= 0 && bucket.upper >= 0;
}

// A zero bucket with buckets on one side only is taken to hold observations of that side.
void CutZeroBucket(const NativeHistogram& h, BucketRange& bucket) {
  if (h.negative.empty() && !h.positive.empty()) {
    bucket.lower = 0;
  } else if (h.positive.empty() && !h.negative.empty()) {
    bucket.upper = 0;
  }
}

// How far `value` is into an exponential bucket, from 0 to 1.
double ExponentialPart(const BucketRange& bucket, double value) {
  const double lower = std::log2(std::fabs(bucket.lower));
  const double upper = std::log2(std::fabs(bucket.upper));
  const double at = std::log2(std::fabs(value));
  return value > 0 ? (at - lower) / (upper - lower) : 1 - (at - upper) / (lower - upper);
}

double ExponentialPoint(const BucketRange& bucket, double part) {
  const double lower = std::log2(std::fabs(bucket.lower));
  const double upper = std::log2(std::fabs(bucket.upper));
  if (bucket.lower > 0) return std::exp2(lower + (upper - lower) * part);
  return -std::exp2(upper + (lower - upper) * (1 - part));
}

double CountIn(const std::vector<BucketRange>& buckets) {
  double count = 0;
  for (const BucketRange& bucket : buckets) count += bucket.count;
  return count;
}

// The bucket in which the count from one end reaches `rank`, and the count up to there; the last
// one if it never does.
struct Place {
  BucketRange bucket;
  double count = 0;
};

template <typename Iterator>
Place Walk(Iterator begin, Iterator end, double rank) {
  Place place;
  for (; begin != end; ++begin) {
    place.bucket = *begin;
    if (begin->count == 0) continue;
    place.count += begin->count;
    if (place.count >= rank) break;
  }
  return place;
}

// The finite bound if the quantile is in an outermost custom bucket that has no other.
std::optional<double> AtCustomEnd(BucketRange& bucket) {
  if (bucket.lower == -kInfinity) {
    if (bucket.upper <= 0) return bucket.upper;
    bucket.lower = 0;
  } else if (bucket.upper == kInfinity) {
    return bucket.lower;
  }
  return std::nullopt;
}

Reading QuantileAt(Place place, double rank, bool forward, const NativeHistogram& h,
                   double counted) {
  const bool has_nan = std::isnan(h.sum);
  BucketRange& bucket = place.bucket;
  if (h.has_custom_buckets()) {
    if (const auto bound = AtCustomEnd(bucket)) return {*bound};
  } else if (bucket.lower < 0 && bucket.upper > 0) {
    CutZeroBucket(h, bucket);
  }
  place.count = std::min(place.count, h.count);
  if (place.count < rank) {
    if (has_nan) return {kNan, Reading::NanNote::kResultIsNan};
    return {bucket.upper};
  }
  rank = forward ? rank - (place.count - bucket.count) : place.count - rank;
  const double part = rank / bucket.count;
  Reading reading;
  if (has_nan && counted < h.count) reading.nan = Reading::NanNote::kSkewedHigher;
  const bool linear = h.has_custom_buckets() || HoldsZero(bucket);
  reading.value =
      linear ? bucket.lower + (bucket.upper - bucket.lower) * part : ExponentialPoint(bucket, part);
  return reading;
}

// Observations below `value`, if it is in or before this bucket, with `rank` of them in the buckets
// before.
std::optional<double> RankOf(double value, const BucketRange& bucket, double rank, bool linear) {
  if (bucket.lower >= value) return rank;
  if (bucket.upper <= value) return std::nullopt;
  if (!linear) return rank + bucket.count * ExponentialPart(bucket, value);
  if (bucket.lower == -kInfinity) return bucket.count;
  return rank + bucket.count * (value - bucket.lower) / (bucket.upper - bucket.lower);
}

double MiddleOf(const BucketRange& bucket, bool custom) {
  if (custom) return (bucket.upper + bucket.lower) / 2;
  if (HoldsZero(bucket)) return 0;
  const double middle = std::sqrt(bucket.upper * bucket.lower);
  return bucket.upper < 0 ? -middle : middle;
}

}  // namespace

Reading HistogramQuantile(double q, const NativeHistogram& h) {
  if (q < 0) return {-kInfinity};
  if (q > 1) return {kInfinity};
  if (h.count == 0 || std::isnan(q)) return {kNan};
  const std::vector<BucketRange> buckets = AllBuckets(h);
  // From the nearer end, but from below if there are NaN observations: they stand at the upper end.
  const bool forward = std::isnan(h.sum) || q < 0.5;
  const double rank = (forward ? q : 1 - q) * h.count;
  const Place place = forward ? Walk(buckets.begin(), buckets.end(), rank)
                              : Walk(buckets.rbegin(), buckets.rend(), rank);
  return QuantileAt(place, rank, forward, h, CountIn(buckets));
}

Reading HistogramFraction(double lower, double upper, const NativeHistogram& h) {
  if (h.count == 0 || std::isnan(lower) || std::isnan(upper)) return {kNan};
  if (lower >= upper) return {0};
  const std::vector<BucketRange> buckets = AllBuckets(h);
  std::optional<double> lower_rank, upper_rank;
  double rank = 0;
  for (BucketRange bucket : buckets) {
    const bool holds_zero = HoldsZero(bucket);
    if (holds_zero) CutZeroBucket(h, bucket);
    const bool linear = h.has_custom_buckets() || holds_zero;
    if (!lower_rank) lower_rank = RankOf(lower, bucket, rank, linear);
    if (!upper_rank) upper_rank = RankOf(upper, bucket, rank, linear);
    rank += bucket.count;
  }
  Reading reading;
  double counted = h.count;
  if (std::isnan(h.sum)) {
    counted = CountIn(buckets);
    if (counted < h.count) reading.nan = Reading::NanNote::kLeftOutOfFraction;
  }
  const double from = std::min(lower_rank.value_or(counted), counted);
  const double to = std::min(upper_rank.value_or(counted), counted);
  reading.value = (to - from) / h.count;
  return reading;
}

double HistogramAverage(const NativeHistogram& h) {
  return h.sum / h.count;
}

double HistogramVariance(const NativeHistogram& h) {
  const double mean = HistogramAverage(h);
  KahanSum squares;
  for (const BucketRange& bucket : AllBuckets(h)) {
    if (bucket.count == 0) continue;
    const double distance = MiddleOf(bucket, h.has_custom_buckets()) - mean;
    squares.Add(bucket.count * distance * distance);
  }
  return (squares.sum + squares.rest) / h.count;
}

}  // namespace tocsin
