#include "base/histogram/sum.h"

#include <algorithm>
#include <cmath>

#include "base/histogram/custom_bounds.h"

namespace tocsin {
namespace {

// Buckets within the zero bucket are counted there.
void DropWithinZero(BucketCells& cells, int32_t schema, double zero_threshold) {
  std::erase_if(cells, [&](const BucketCell& cell) {
    return ExponentialUpperBound(schema, cell.index) <= zero_threshold;
  });
}

bool IsInfinite(const KahanSum& value) {
  return std::isinf(value.sum);
}

template <typename Fn>
void ForEachCount(NativeHistogram& h, Fn&& fn) {
  fn(h.count);
  fn(h.sum);
  fn(h.zero_count);
  for (HistogramBucket& bucket : h.positive) fn(bucket.count);
  for (HistogramBucket& bucket : h.negative) fn(bucket.count);
}

}  // namespace

HistogramSum::HistogramSum(const NativeHistogram& first)
    : counter_reset_(first.counter_reset),
      count_{first.count, 0},
      sum_{first.sum, 0},
      cells_(ExponentialCells::Of(first)),
      custom_bounds_(first.custom_bounds) {}

std::optional<CombineNotes> HistogramSum::Combine(const NativeHistogram& other, double sign) {
  if (custom() != other.has_custom_buckets()) return std::nullopt;
  CombineNotes notes;
  notes.reset_collision = CombineResets(other.counter_reset);
  count_.Add(sign * other.count);
  sum_.Add(sign * other.sum);
  if (custom()) {
    notes.bounds_reconciled = CombineCustom(other, sign);
  } else {
    CombineExponential(other, sign);
  }
  return notes;
}

bool HistogramSum::CombineResets(CounterReset other) {
  if (other == counter_reset_ || counter_reset_ == CounterReset::kGauge) return false;
  if (other == CounterReset::kGauge) {
    counter_reset_ = CounterReset::kGauge;
    return false;
  }
  const bool collision =
      counter_reset_ != CounterReset::kUnknown && other != CounterReset::kUnknown;
  counter_reset_ = CounterReset::kUnknown;
  return collision;
}

bool HistogramSum::CombineCustom(const NativeHistogram& other, double sign) {
  BucketCells others = CellsOf(other.positive);
  const bool differ = custom_bounds_ != other.custom_bounds;
  if (differ) {
    std::vector<double> common = CommonBounds(custom_bounds_, other.custom_bounds);
    cells_.positive = Renumbered(cells_.positive, [&](int32_t index) {
      return IndexAmongCommon(index, custom_bounds_, common);
    });
    others = Renumbered(others, [&](int32_t index) {
      return IndexAmongCommon(index, other.custom_bounds, common);
    });
    custom_bounds_ = std::move(common);
  }
  MergeCells(cells_.positive, others, sign);
  return differ;
}

void HistogramSum::CombineExponential(const NativeHistogram& other, double sign) {
  ExponentialCells others = ExponentialCells::Of(other);
  // Widening one may end beyond the other's threshold: they chase each other up to a common one.
  while (others.zero_threshold < cells_.zero_threshold ||
         cells_.zero_threshold < others.zero_threshold) {
    others.WidenZeroBucket(cells_.zero_threshold);
    cells_.WidenZeroBucket(others.zero_threshold);
  }
  const int32_t schema = std::min(cells_.schema, others.schema);
  cells_.Reduce(schema);
  others.Reduce(schema);
  cells_.zero_count.Add(sign * others.zero_count.sum);
  cells_.zero_count.Add(sign * others.zero_count.rest);
  DropWithinZero(others.positive, schema, cells_.zero_threshold);
  DropWithinZero(others.negative, schema, cells_.zero_threshold);
  MergeCells(cells_.positive, others.positive, sign);
  MergeCells(cells_.negative, others.negative, sign);
}

template <typename Fn>
void HistogramSum::ForEachCount(Fn&& fn) {
  fn(count_);
  fn(sum_);
  fn(cells_.zero_count);
  for (BucketCell& cell : cells_.positive) fn(cell.count);
  for (BucketCell& cell : cells_.negative) fn(cell.count);
}

void HistogramSum::Multiply(double factor) {
  ForEachCount([&](KahanSum& value) {
    value.sum *= factor;
    value.rest *= factor;
  });
}

bool HistogramSum::overflows() const {
  const auto cell_overflows = [](const BucketCell& cell) { return IsInfinite(cell.count); };
  return IsInfinite(count_) || IsInfinite(sum_) || IsInfinite(cells_.zero_count) ||
         std::any_of(cells_.positive.begin(), cells_.positive.end(), cell_overflows) ||
         std::any_of(cells_.negative.begin(), cells_.negative.end(), cell_overflows);
}

template <typename Fn>
NativeHistogram HistogramSum::Make(Fn&& value) const {
  NativeHistogram h;
  h.counter_reset = counter_reset_;
  h.schema = cells_.schema;
  h.zero_threshold = cells_.zero_threshold;
  h.zero_count = value(cells_.zero_count);
  h.count = value(count_);
  h.sum = value(sum_);
  for (const BucketCell& cell : cells_.positive) {
    h.positive.push_back({cell.index, value(cell.count)});
  }
  for (const BucketCell& cell : cells_.negative) {
    h.negative.push_back({cell.index, value(cell.count)});
  }
  h.custom_bounds = custom_bounds_;
  return h;
}

NativeHistogram HistogramSum::Total(double divisor) const {
  return Make([&](const KahanSum& value) { return value.sum / divisor + value.rest / divisor; });
}

NativeHistogram HistogramSum::Plain() const {
  return Make([](const KahanSum& value) { return value.sum; });
}

std::optional<CombineNotes> AddTo(NativeHistogram& to, const NativeHistogram& other) {
  HistogramSum sum(to);
  const auto notes = sum.Add(other);
  if (notes) to = sum.Plain();
  return notes;
}

std::optional<CombineNotes> SubtractFrom(NativeHistogram& from, const NativeHistogram& other) {
  HistogramSum sum(from);
  const auto notes = sum.Subtract(other);
  if (notes) from = sum.Plain();
  return notes;
}

void Multiply(NativeHistogram& h, double factor) {
  ForEachCount(h, [&](double& value) { value *= factor; });
  if (factor < 0) h.counter_reset = CounterReset::kGauge;
}

void Divide(NativeHistogram& h, double divisor) {
  if (divisor == 0) {
    h.positive.clear();
    h.negative.clear();
  }
  ForEachCount(h, [&](double& value) { value /= divisor; });
  if (divisor < 0) h.counter_reset = CounterReset::kGauge;
}

NativeHistogram AtSchema(const NativeHistogram& h, int32_t schema) {
  if (schema == h.schema) return h;
  NativeHistogram coarse = h;
  coarse.schema = schema;
  const auto reduce = [&](std::vector<HistogramBucket>& buckets) {
    std::vector<HistogramBucket> reduced;
    for (const HistogramBucket& bucket : buckets) {
      const int32_t index = IndexAtSchema(bucket.index, h.schema, schema);
      if (reduced.empty() || reduced.back().index != index) reduced.push_back({index, 0});
      reduced.back().count += bucket.count;
    }
    buckets = std::move(reduced);
  };
  reduce(coarse.positive);
  reduce(coarse.negative);
  return coarse;
}

}  // namespace tocsin
