#pragma once

#include <bit>
#include <cstdint>

#include "base/check.h"
#include "base/histogram/text.h"
#include "base/limits.h"
#include "base/sample.h"
#include "base/timestamp.h"
#include "engine/series_registry.h"

// What every decoder of samples keeps to.
namespace tocsin::fuzz {

// Small, so that they are met.
inline Limits SmallLimits() {
  Limits limits;
  limits.series_max = 16;
  limits.labels_per_series_max = 8;
  limits.label_name_bytes_max = 32;
  limits.label_value_bytes_max = 64;
  limits.request_bytes_max = 1 << 16;
  limits.samples_per_request_max = 64;
  limits.histogram_buckets_max = 32;
  limits.ingest_decode_bytes_max = 1 << 20;
  return limits;
}

// Samples are of known series, within the limits, with valid histograms.
inline void CheckBatch(const SampleBatch& batch, const Limits& limits,
                       const engine::SeriesRegistry& registry, Timestamp now) {
  TOCSIN_CHECK(batch.times_ms.size() == batch.size() && batch.values.size() == batch.size());
  TOCSIN_CHECK(batch.histograms.size() <= batch.size());
  TOCSIN_CHECK(registry.size() <= limits.series_max);
  for (size_t i = 0; i < batch.size(); ++i) {
    TOCSIN_CHECK(!registry.Get(batch.refs[i]).empty()) << batch.refs[i];
    const int64_t ahead_ms = batch.times_ms[i] - now.millis();
    TOCSIN_CHECK(ahead_ms <= static_cast<int64_t>(limits.future_ms_max)) << ahead_ms;
    TOCSIN_CHECK(-ahead_ms <= static_cast<int64_t>(limits.past_ms_max)) << ahead_ms;
    const NativeHistogram* histogram = batch.histogram(i);
    TOCSIN_CHECK((histogram != nullptr) == IsHistogramMark(batch.values[i]));
    if (histogram == nullptr) continue;
    TOCSIN_CHECK(Validate(*histogram).ok()) << HistogramNotation(*histogram);
    TOCSIN_CHECK(histogram->positive.size() + histogram->negative.size() <=
                 limits.histogram_buckets_max);
  }
}

inline void CheckSame(const SampleBatch& a, const SampleBatch& b) {
  TOCSIN_CHECK(a.refs == b.refs && a.times_ms == b.times_ms);
  for (size_t i = 0; i < a.size(); ++i) {
    TOCSIN_CHECK(std::bit_cast<uint64_t>(a.values[i]) == std::bit_cast<uint64_t>(b.values[i]));
    TOCSIN_CHECK((a.histogram(i) == nullptr) == (b.histogram(i) == nullptr));
    TOCSIN_CHECK(a.histogram(i) == nullptr || SameHistogram(*a.histogram(i), *b.histogram(i)));
  }
}

}  // namespace tocsin::fuzz
