#include "integrations/ingest/otlp_delta.h"

#include <memory>
#include <utility>

#include "base/histogram/sum.h"

namespace tocsin::ingest {
namespace {

constexpr int64_t kForgetIntervalMs = 60'000;

// How an interval lies to the newest of its stream.
DeltaVerdict Judge(const DeltaInterval& newest, const DeltaInterval& next) {
  if (next.end_ns == newest.end_ns && next.start_ns == newest.start_ns) {
    return DeltaVerdict::kRepeated;
  }
  if (next.end_ns <= newest.end_ns) return DeltaVerdict::kOutOfOrder;
  if (next.start_ns != 0 && next.start_ns < newest.end_ns) return DeltaVerdict::kOverlaps;
  return DeltaVerdict::kCounted;
}

HistogramPtr Sum(const NativeHistogram& total, const NativeHistogram& value, uint64_t buckets_max) {
  auto sum = std::make_shared<NativeHistogram>(total);
  AddTo(*sum, value);
  while (sum->positive.size() + sum->negative.size() > buckets_max &&
         sum->schema > NativeHistogram::kSchemaMin) {
    *sum = AtSchema(*sum, sum->schema - 1);
  }
  sum->counter_reset = CounterReset::kUnknown;
  return sum;
}

double Nothing(double) {
  return 0;
}
HistogramPtr Nothing(const HistogramPtr& value) {
  return EmptyLike(*value);
}
double Add(double total, double value, uint64_t) {
  return total + value;
}
HistogramPtr Add(const HistogramPtr& total, const HistogramPtr& value, uint64_t buckets_max) {
  return Sum(*total, *value, buckets_max);
}

// Counts `value` in a stream, which is empty if `is_new`.
template <typename Stream, typename Value>
DeltaTotal<Value> Count(Stream& stream, bool is_new, const DeltaInterval& interval,
                        const Value& value, uint64_t buckets_max) {
  const DeltaVerdict verdict = is_new ? DeltaVerdict::kCounted : Judge(stream.newest, interval);
  if (verdict == DeltaVerdict::kRepeated)
    return {verdict, stream.before, stream.total, true, false};
  if (verdict != DeltaVerdict::kCounted) return {verdict, {}, {}, false, false};
  const bool gap = !is_new && interval.start_ns > stream.newest.end_ns;
  stream.before = is_new ? Nothing(value) : std::move(stream.total);
  stream.total = Add(stream.before, value, buckets_max);
  stream.newest = interval;
  return {verdict, stream.before, stream.total, is_new || gap, gap};
}

size_t BytesOf(const HistogramPtr& before, const HistogramPtr& total) {
  constexpr size_t kStreamBytes = 128;  // its place in the map
  return kStreamBytes + HistogramBytes(*before) + HistogramBytes(*total);
}

size_t BytesOf(double /*before*/, double /*total*/) {
  return 0;  // numbers are limited by their count
}

// What the erased ones took.
template <typename Map>
size_t EraseIdle(Map& streams, uint64_t before_ns) {
  size_t bytes = 0;
  for (auto it = streams.begin(); it != streams.end();) {
    if (it->second.newest.end_ns >= before_ns) {
      ++it;
      continue;
    }
    bytes += BytesOf(it->second.before, it->second.total);
    streams.erase(it++);
  }
  return bytes;
}

}  // namespace

HistogramPtr EmptyLike(const NativeHistogram& histogram) {
  auto empty = std::make_shared<NativeHistogram>();
  empty->schema = histogram.schema;
  empty->zero_threshold = histogram.zero_threshold;
  empty->custom_bounds = histogram.custom_bounds;
  return empty;
}

DeltaTotal<double> DeltaStreams::Add(absl::uint128 key, const DeltaInterval& interval, double value,
                                     Timestamp now) {
  MutexLock lock(mutex_);
  auto found = numbers_.find(key);
  const bool is_new = found == numbers_.end();
  if (is_new) {
    if (numbers_.size() >= limits_.streams_max) ForgetIdle(now);
    if (numbers_.size() >= limits_.streams_max) return {.verdict = DeltaVerdict::kFull};
    found = numbers_.try_emplace(key).first;
  }
  return Count(found->second, is_new, interval, value, limits_.buckets_max);
}

DeltaTotal<HistogramPtr> DeltaStreams::Add(absl::uint128 key, const DeltaInterval& interval,
                                           const HistogramPtr& value, Timestamp now) {
  MutexLock lock(mutex_);
  auto found = histograms_.find(key);
  const bool is_new = found == histograms_.end();
  if (is_new) {
    if (histogram_bytes_ >= limits_.histogram_bytes_max) ForgetIdle(now);
    if (histogram_bytes_ >= limits_.histogram_bytes_max) return {.verdict = DeltaVerdict::kFull};
    found = histograms_.try_emplace(key).first;
  } else {
    histogram_bytes_ -= BytesOf(found->second.before, found->second.total);
  }
  DeltaTotal<HistogramPtr> result =
      Count(found->second, is_new, interval, value, limits_.buckets_max);
  histogram_bytes_ += BytesOf(found->second.before, found->second.total);
  return result;
}

void DeltaStreams::ForgetIdle(Timestamp now) {
  if (now.millis() < forgot_ms_ + kForgetIntervalMs && forgot_ms_ != INT64_MIN) return;
  forgot_ms_ = now.millis();
  const int64_t before_ms = now.millis() - limits_.idle_ms;
  if (before_ms <= 0) return;
  const uint64_t before_ns = static_cast<uint64_t>(before_ms) * 1'000'000;
  EraseIdle(numbers_, before_ns);
  histogram_bytes_ -= EraseIdle(histograms_, before_ns);
}

size_t DeltaStreams::streams() const {
  MutexLock lock(mutex_);
  return numbers_.size() + histograms_.size();
}

}  // namespace tocsin::ingest
