#pragma once

#include <cmath>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/histogram/text.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "integrations/datadog/host_tags.h"
#include "integrations/datadog/metric_intervals.h"
#include "integrations/datadog/sample_taker.h"
#include "integrations/datadog/series_resolver.h"
#include "storage/memory_store.h"
#include "tests/fuzz/registry_sink.h"

namespace tocsin::fuzz {

// The parts around Datadog's decoders, with the service's own registry of series and limits that
// are small, so that they are met.
class DatadogRig {
 public:
  static constexpr Timestamp kNow = Timestamp::FromMillis(1'700'000'000'000);

  DatadogRig()
      : limits(SmallLimits()),
        sink(limits),
        hosts(store, metrics),
        series(limits, sink, hosts, metrics),
        intervals(sink) {}

  datadog::SampleTaker Taker() { return {limits, series, intervals, kNow, "sender"}; }

  void CheckBatch(const SampleBatch& batch) const {
    TOCSIN_CHECK(batch.times_ms.size() == batch.size() && batch.values.size() == batch.size());
    TOCSIN_CHECK(sink.registry.size() <= limits.series_max);
    for (size_t i = 0; i < batch.size(); ++i) {
      const Labels labels = sink.registry.Get(batch.refs[i]);
      TOCSIN_CHECK(!labels.metric_name().empty()) << batch.refs[i];
      const int64_t ahead_ms = batch.times_ms[i] - kNow.millis();
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

  const Limits limits;
  RegistrySink sink;
  Metrics metrics;
  storage::MemoryStore store;
  datadog::HostTags hosts;
  datadog::SeriesResolver series;
  datadog::MetricIntervals intervals;

 private:
  static Limits SmallLimits() {
    Limits small;
    small.series_max = 16;
    small.labels_per_series_max = 8;
    small.label_name_bytes_max = 32;
    small.label_value_bytes_max = 64;
    small.samples_per_request_max = 64;
    small.histogram_buckets_max = 32;
    small.ingest_decode_bytes_max = 1 << 20;
    return small;
  }
};

// Decodes bytes twice, the second time with all series known, and looks at what comes out; `decode`
// is one of Datadog's decoders.
inline void CheckDatadogPayload(absl::string_view bytes,
                                absl::Status (*decode)(absl::string_view, datadog::SampleTaker&)) {
  DatadogRig rig;
  datadog::SampleTaker first = rig.Taker();
  const absl::Status status = decode(bytes, first);
  TOCSIN_CHECK(status.ok() || absl::IsInvalidArgument(status) || absl::IsResourceExhausted(status))
      << status;
  TOCSIN_CHECK(status.ok() || !status.message().empty());
  rig.CheckBatch(first.batch());
  datadog::SampleTaker again = rig.Taker();
  TOCSIN_CHECK(decode(bytes, again) == status);
  TOCSIN_CHECK(first.rejected().total() == again.rejected().total()) << again.rejected().Describe();
  TOCSIN_CHECK(again.batch().size() <= first.batch().size());  // intervals are told once
}

}  // namespace tocsin::fuzz
