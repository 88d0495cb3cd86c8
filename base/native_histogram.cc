#include "base/native_histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"

namespace tocsin {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kMaxFinite = std::numeric_limits<double>::max();

using Buckets = std::vector<HistogramBucket>;

bool SameBits(double a, double b) {
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

Buckets Populated(const Buckets& buckets) {
  Buckets populated;
  for (const HistogramBucket& bucket : buckets) {
    if (bucket.count != 0) populated.push_back(bucket);
  }
  return populated;
}

bool SameBuckets(const Buckets& a, const Buckets& b) {
  const Buckets left = Populated(a), right = Populated(b);
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](const HistogramBucket& x, const HistogramBucket& y) {
                      return x.index == y.index && SameBits(x.count, y.count);
                    });
}

bool IsAscending(const Buckets& buckets) {
  return std::adjacent_find(buckets.begin(), buckets.end(),
                            [](const HistogramBucket& a, const HistogramBucket& b) {
                              return a.index >= b.index;
                            }) == buckets.end();
}

// Also false for NaN.
bool IsCount(double count) {
  return count >= 0;
}

bool HaveCounts(const Buckets& buckets) {
  return std::all_of(buckets.begin(), buckets.end(),
                     [](const HistogramBucket& bucket) { return IsCount(bucket.count); });
}

absl::Status Broken(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("native histogram: ", what));
}

absl::Status ValidateCustom(const NativeHistogram& h) {
  if (h.zero_count != 0 || h.zero_threshold != 0 || !h.negative.empty()) {
    return Broken("custom buckets have neither a zero bucket nor negative buckets");
  }
  for (size_t i = 0; i < h.custom_bounds.size(); ++i) {
    if (!std::isfinite(h.custom_bounds[i])) return Broken("a custom bound is not finite");
    if (i > 0 && h.custom_bounds[i] <= h.custom_bounds[i - 1]) {
      return Broken("custom bounds are not ascending");
    }
  }
  const auto last = static_cast<int64_t>(h.custom_bounds.size());
  if (!h.positive.empty() && (h.positive.front().index < 0 || h.positive.back().index > last)) {
    return Broken("a bucket has no custom bound");
  }
  return absl::OkStatus();
}

}  // namespace

double ExponentialUpperBound(int32_t schema, int32_t index) {
  // The last finite bucket ends at the greatest double, not beyond it.
  if (schema <= 0) {
    const int64_t exponent = int64_t{index} << -schema;
    if (exponent == 1024) return kMaxFinite;
    return std::ldexp(1.0, static_cast<int>(std::clamp<int64_t>(exponent, -5000, 5000)));
  }
  const int32_t per_doubling = int32_t{1} << schema;
  const int32_t step = index & (per_doubling - 1);
  const int32_t exponent = index >> schema;
  if (step == 0 && exponent == 1024) return kMaxFinite;
  const double fraction = std::exp2(static_cast<double>(step) / per_doubling);
  return std::ldexp(fraction, exponent);
}

double BucketUpperBound(const NativeHistogram& h, int32_t index) {
  if (!h.has_custom_buckets()) return ExponentialUpperBound(h.schema, index);
  if (index < 0) return -kInfinity;
  const auto place = static_cast<size_t>(index);
  return place < h.custom_bounds.size() ? h.custom_bounds[place] : kInfinity;
}

BucketRange PositiveRange(const NativeHistogram& h, const HistogramBucket& bucket) {
  BucketRange range;
  range.lower = BucketUpperBound(h, bucket.index - 1);
  range.upper = BucketUpperBound(h, bucket.index);
  range.lower_inclusive = h.has_custom_buckets() && bucket.index == 0;
  range.upper_inclusive = true;
  range.count = bucket.count;
  return range;
}

BucketRange NegativeRange(const NativeHistogram& h, const HistogramBucket& bucket) {
  const BucketRange mirror = PositiveRange(h, bucket);
  return {-mirror.upper, -mirror.lower, true, false, bucket.count};
}

BucketRange ZeroRange(const NativeHistogram& h) {
  return {-h.zero_threshold, h.zero_threshold, true, true, h.zero_count};
}

std::vector<BucketRange> AllBuckets(const NativeHistogram& h) {
  std::vector<BucketRange> ranges;
  ranges.reserve(h.negative.size() + 1 + h.positive.size());
  for (auto it = h.negative.rbegin(); it != h.negative.rend(); ++it) {
    BucketRange range = NegativeRange(h, *it);
    if (range.upper < 0) range.upper = std::min(range.upper, -h.zero_threshold);
    ranges.push_back(range);
  }
  if (h.zero_count > 0) ranges.push_back(ZeroRange(h));
  for (const HistogramBucket& bucket : h.positive) {
    BucketRange range = PositiveRange(h, bucket);
    if (range.lower > 0) range.lower = std::max(range.lower, h.zero_threshold);
    ranges.push_back(range);
  }
  return ranges;
}

bool SameHistogram(const NativeHistogram& a, const NativeHistogram& b) {
  return a.schema == b.schema && SameBits(a.count, b.count) && SameBits(a.sum, b.sum) &&
         a.zero_threshold == b.zero_threshold && SameBits(a.zero_count, b.zero_count) &&
         (!a.has_custom_buckets() || a.custom_bounds == b.custom_bounds) &&
         SameBuckets(a.positive, b.positive) && SameBuckets(a.negative, b.negative);
}

size_t HistogramBytes(const NativeHistogram& histogram) {
  return sizeof(histogram) +
         (histogram.positive.capacity() + histogram.negative.capacity()) * sizeof(HistogramBucket) +
         histogram.custom_bounds.capacity() * sizeof(double);
}

void Compact(NativeHistogram& h) {
  const auto empty = [](const HistogramBucket& bucket) { return bucket.count == 0; };
  std::erase_if(h.positive, empty);
  std::erase_if(h.negative, empty);
}

absl::Status Validate(const NativeHistogram& h) {
  const bool exponential =
      h.schema >= NativeHistogram::kSchemaMin && h.schema <= NativeHistogram::kSchemaMax;
  if (!exponential && !h.has_custom_buckets()) {
    return Broken(absl::StrCat("unknown schema ", h.schema));
  }
  if (!IsAscending(h.positive) || !IsAscending(h.negative)) {
    return Broken("buckets are not ascending");
  }
  if (!IsCount(h.count) || !IsCount(h.zero_count) || !HaveCounts(h.positive) ||
      !HaveCounts(h.negative)) {
    return Broken("a count is negative or not a number");
  }
  if (h.has_custom_buckets()) return ValidateCustom(h);
  if (!h.custom_bounds.empty()) return Broken("custom bounds with an exponential schema");
  if (!(h.zero_threshold >= 0)) return Broken("the zero threshold is negative or not a number");
  return absl::OkStatus();
}

}  // namespace tocsin
