#pragma once

#include <cmath>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "integrations/datadog/host_tags.h"
#include "integrations/datadog/metric_intervals.h"
#include "integrations/datadog/sample_taker.h"
#include "integrations/datadog/series_resolver.h"
#include "storage/memory_store.h"
#include "tests/fuzz/batch_checks.h"
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
    fuzz::CheckBatch(batch, limits, sink.registry, kNow);
  }

  const Limits limits;
  RegistrySink sink;
  Metrics metrics;
  storage::MemoryStore store;
  datadog::HostTags hosts;
  datadog::SeriesResolver series;
  datadog::MetricIntervals intervals;
};

// Looks at batches on their way.
class CheckingSink : public engine::SampleSink {
 public:
  explicit CheckingSink(DatadogRig& rig) : rig_(rig) {}
  absl::StatusOr<SeriesRef> Resolve(const Labels& labels) override {
    return rig_.sink.Resolve(labels);
  }
  void Submit(SampleBatch batch, Done done) override {
    rig_.CheckBatch(batch);
    done(absl::OkStatus());
  }

 private:
  DatadogRig& rig_;
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
