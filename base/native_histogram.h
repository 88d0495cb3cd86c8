#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"

namespace tocsin {

// How a counter histogram relates to the sample before it in its series; a gauge histogram relates
// to none.
enum class CounterReset : uint8_t { kUnknown, kReset, kNotReset, kGauge };

// A bucket of one side, by its number: see BucketUpperBound().
struct HistogramBucket {
  int32_t index = 0;
  double count = 0;
  friend bool operator==(const HistogramBucket&, const HistogramBucket&) = default;
};

// A histogram as one sample: Prometheus' native histogram, with float counts.
//
// With an exponential schema s, -4 <= s <= 8, bucket i of the positive side covers
// (2^((i-1)*2^-s), 2^(i*2^-s)] and bucket i of the negative side its mirror image; the zero bucket
// covers [-zero_threshold, zero_threshold]. With custom buckets there are only positive ones:
// bucket i reaches from the bound before it (minus infinity) up to custom_bounds[i], the last one
// to infinity.
//
// Operations are in base/histogram. Plain data; the counts need not add up.
struct NativeHistogram {
  static constexpr int32_t kSchemaMin = -4;
  static constexpr int32_t kSchemaMax = 8;
  static constexpr int32_t kCustomSchema = -53;

  CounterReset counter_reset = CounterReset::kUnknown;
  int32_t schema = 0;
  double zero_threshold = 0;
  double zero_count = 0;
  double count = 0;  // of all observations, NaN included, which are in no bucket
  double sum = 0;    // of all observations
  // Ascending by index. Empty buckets may be listed; see Compact().
  std::vector<HistogramBucket> positive, negative;
  std::vector<double> custom_bounds;  // ascending, without infinity; of the custom schema only

  bool has_custom_buckets() const { return schema == kCustomSchema; }
};

// Immutable once made, so that samples, windows and results can share one.
using HistogramPtr = std::shared_ptr<const NativeHistogram>;

// A bucket as the values it covers.
struct BucketRange {
  double lower = 0;
  double upper = 0;
  bool lower_inclusive = false;
  bool upper_inclusive = false;
  double count = 0;
};

// The upper bound of bucket `index` of the positive side; may be infinite, and minus infinity below
// the first custom bucket.
double BucketUpperBound(const NativeHistogram& histogram, int32_t index);
// The same for an exponential schema.
double ExponentialUpperBound(int32_t schema, int32_t index);

BucketRange PositiveRange(const NativeHistogram& histogram, const HistogramBucket& bucket);
BucketRange NegativeRange(const NativeHistogram& histogram, const HistogramBucket& bucket);
BucketRange ZeroRange(const NativeHistogram& histogram);

// All listed buckets from the lowest to the highest, the zero bucket among them if it is populated.
// Where one overlaps the zero bucket it ends at the threshold.
std::vector<BucketRange> AllBuckets(const NativeHistogram& histogram);

// Same observations as far as a histogram tells: everything but the counter reset, and whether
// empty buckets are listed, is equal; numbers bit by bit.
bool SameHistogram(const NativeHistogram& a, const NativeHistogram& b);

// Memory it takes, without the allocator's share.
size_t HistogramBytes(const NativeHistogram& histogram);

// Takes out listed buckets that are empty.
void Compact(NativeHistogram& histogram);

// InvalidArgument with the reason if the structure is broken: an unknown schema, buckets or bounds
// out of order, bounds that do not fit the schema, a negative count or one that is not a number.
absl::Status Validate(const NativeHistogram& histogram);

}  // namespace tocsin
