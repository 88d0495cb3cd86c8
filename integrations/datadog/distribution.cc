#include "integrations/datadog/distribution.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "base/histogram/buckets.h"

namespace tocsin::datadog {
namespace {

constexpr double kLogGamma = 0.015504186535965254;  // ln(1 + 1/64)
constexpr int32_t kSchema = NativeHistogram::kSchemaMax;
constexpr double kBucketsPerDoubling = 1 << kSchema;
// The bucket above the largest finite double.
constexpr int32_t kInfiniteIndex = 1024 << kSchema;
constexpr size_t kUnsettledMax = 4096;

int32_t IndexOf(double magnitude) {
  if (std::isinf(magnitude)) return kInfiniteIndex;
  return static_cast<int32_t>(std::ceil(std::log2(magnitude) * kBucketsPerDoubling));
}

void SortAndAdd(std::vector<HistogramBucket>& buckets) {
  std::sort(buckets.begin(), buckets.end(),
            [](const auto& a, const auto& b) { return a.index < b.index; });
  size_t kept = 0;
  for (size_t i = 1; i < buckets.size(); ++i) {
    if (buckets[kept].index == buckets[i].index) {
      buckets[kept].count += buckets[i].count;
    } else {
      buckets[++kept] = buckets[i];
    }
  }
  if (!buckets.empty()) buckets.resize(kept + 1);
}

void Reduce(std::vector<HistogramBucket>& buckets, int32_t from, int32_t to) {
  for (HistogramBucket& bucket : buckets) bucket.index = IndexAtSchema(bucket.index, from, to);
  SortAndAdd(buckets);
}

}  // namespace

int32_t SketchKeyOf(double value) {
  const double magnitude = std::abs(value);
  if (magnitude < kSketchValueMin) return 0;
  if (std::isinf(magnitude)) return value < 0 ? -kSketchKeyInfinity : kSketchKeyInfinity;
  const double key = std::min<double>(
      std::nearbyint(std::log(magnitude) / kLogGamma) + kSketchKeyBias, kSketchKeyInfinity);
  return static_cast<int32_t>(value < 0 ? -key : key);
}

double SketchValueOf(int32_t key) {
  if (key == 0) return 0;
  const int64_t magnitude = std::abs(int64_t{key});
  if (magnitude >= kSketchKeyInfinity) return key < 0 ? -INFINITY : INFINITY;
  const double value = std::exp(static_cast<double>(magnitude - kSketchKeyBias) * kLogGamma);
  return key < 0 ? -value : value;
}

void Distribution::Side::Add(int32_t index, double count) {
  // Sketches come in ascending order, and values of one kind are often equal.
  if (!buckets.empty() && buckets.back().index == index) {
    buckets.back().count += count;
    return;
  }
  buckets.push_back({index, count});
  if (buckets.size() >= settled + kUnsettledMax) Settle();
}

void Distribution::Side::Settle() {
  SortAndAdd(buckets);
  settled = buckets.size();
}

void Distribution::AddMagnitude(Side& side, double magnitude, double count) {
  if (magnitude < kSketchValueMin) {
    zero_count_ += count;
  } else {
    side.Add(IndexOf(magnitude), count);
  }
}

void Distribution::AddValue(double value, double count) {
  AddMagnitude(value < 0 ? negative_ : positive_, std::abs(value), count);
  count_ += count;
  sum_ += value * count;
}

void Distribution::AddSketchKey(int32_t key, double count) {
  if (count == 0) return;
  const double value = SketchValueOf(key);
  AddMagnitude(value < 0 ? negative_ : positive_, std::abs(value), count);
  count_ += count;
}

size_t Distribution::bytes() const {
  return sizeof(*this) +
         (positive_.buckets.capacity() + negative_.buckets.capacity()) * sizeof(HistogramBucket);
}

HistogramPtr Distribution::Build(size_t buckets_max) {
  positive_.Settle();
  negative_.Settle();
  auto histogram = std::make_shared<NativeHistogram>();
  histogram->counter_reset = CounterReset::kGauge;
  histogram->schema = kSchema;
  histogram->zero_threshold = kSketchValueMin;
  histogram->zero_count = zero_count_;
  histogram->count = count_;
  histogram->sum = sum_;
  histogram->positive = positive_.buckets;
  histogram->negative = negative_.buckets;
  while (histogram->positive.size() + histogram->negative.size() > buckets_max &&
         histogram->schema > NativeHistogram::kSchemaMin) {
    Reduce(histogram->positive, histogram->schema, histogram->schema - 1);
    Reduce(histogram->negative, histogram->schema, histogram->schema - 1);
    --histogram->schema;
  }
  return histogram;
}

}  // namespace tocsin::datadog
