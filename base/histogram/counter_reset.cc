#include "base/histogram/counter_reset.h"

#include "base/histogram/buckets.h"
#include "base/histogram/custom_bounds.h"

namespace tocsin {
namespace {

// Some bucket of `previous` is missing or has less in `current`. Both are numbered alike.
bool SomeBucketFell(const BucketCells& current, const BucketCells& previous) {
  auto at = current.begin();
  for (const BucketCell& before : previous) {
    while (at != current.end() && at->index < before.index) ++at;
    const bool there = at != current.end() && at->index == before.index;
    if ((there ? at->count.sum : 0) < before.count.sum) return true;
  }
  return false;
}

bool CustomBucketFell(const NativeHistogram& current, const NativeHistogram& previous) {
  const std::vector<double> common = CommonBounds(current.custom_bounds, previous.custom_bounds);
  const auto rolled_up = [&](const NativeHistogram& h) {
    return Renumbered(CellsOf(h.positive), [&](int32_t index) {
      return IndexAmongCommon(index, h.custom_bounds, common);
    });
  };
  return SomeBucketFell(rolled_up(current), rolled_up(previous));
}

bool ExponentialBucketFell(const NativeHistogram& current, const NativeHistogram& previous) {
  if (current.schema > previous.schema) return true;
  if (current.zero_threshold < previous.zero_threshold) return true;
  ExponentialCells before = ExponentialCells::Of(previous);
  before.WidenZeroBucket(current.zero_threshold);
  if (before.zero_threshold != current.zero_threshold) return true;  // it cuts a populated bucket
  if (current.zero_count < before.zero_count.sum) return true;
  before.Reduce(current.schema);
  return SomeBucketFell(CellsOf(current.positive), before.positive) ||
         SomeBucketFell(CellsOf(current.negative), before.negative);
}

bool HasFallen(const NativeHistogram& current, const NativeHistogram& previous) {
  if (current.count < previous.count) return true;
  if (current.has_custom_buckets() != previous.has_custom_buckets()) return true;
  return current.has_custom_buckets() ? CustomBucketFell(current, previous)
                                      : ExponentialBucketFell(current, previous);
}

bool HaveSameBuckets(const NativeHistogram& a, const NativeHistogram& b) {
  return a.schema == b.schema && a.zero_threshold == b.zero_threshold &&
         a.custom_bounds == b.custom_bounds;
}

}  // namespace

bool IsCounterReset(const NativeHistogram& current, const NativeHistogram& previous) {
  if (current.counter_reset == CounterReset::kReset) return true;
  if (current.counter_reset == CounterReset::kNotReset) return false;
  return HasFallen(current, previous);
}

CounterReset StoredCounterReset(const NativeHistogram& h, const NativeHistogram* previous) {
  if (h.counter_reset == CounterReset::kGauge) return CounterReset::kGauge;
  const bool continues = previous != nullptr && h.counter_reset != CounterReset::kReset &&
                         previous->counter_reset != CounterReset::kGauge &&
                         HaveSameBuckets(h, *previous) && !HasFallen(h, *previous);
  return continues ? CounterReset::kNotReset : CounterReset::kUnknown;
}

}  // namespace tocsin
