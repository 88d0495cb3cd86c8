#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/limits.h"
#include "base/sample.h"
#include "base/timestamp.h"
#include "integrations/ingest/otlp_decode.h"
#include "integrations/ingest/otlp_metric.h"
#include "integrations/ingest/otlp_series.h"
#include "integrations/ingest/series_cache.h"

namespace tocsin::ingest {

// What all requests share; see OtlpDecoder.
struct OtlpShared {
  const Limits& limits;
  const OtlpOptions& options;
  engine::SampleSink& sink;
  SeriesCache& cache;
  DeltaStreams& deltas;
  ResourceWatch* resources;  // null: nobody watches
  ExemplarStore* exemplars;  // null: nobody wants them
};

// Gathers the samples of one request's points, looks their series up together, and makes the batch:
// deltas become totals, and a counter that begins within the limits of time gets a sample of 0 at
// its start, so that its first value counts as an increase.
//
// Thread: one request's. Borrows: what it is given, and the request's bytes until Flush(), which
// has to be called before any of them go.
// Errors: those of OtlpDecoder::Decode.
class SampleGatherer {
 public:
  SampleGatherer(const OtlpShared& shared, Timestamp now, absl::string_view sender);

  // `resource` holds the fields of a Resource, `scope` those of an InstrumentationScope.
  void EnterResource(absl::string_view resource);
  void EnterScope(absl::string_view scope, absl::string_view schema_url);
  // `metric` but for its key. The samples that follow are its own.
  void EnterMetric(const OtlpMetric& metric);
  // A point that brings samples; `message` is the whole of it.
  void EnterPoint(absl::string_view message, const PointHead& head);
  // A point that is a number.
  void AddNumber(absl::string_view message, const PointHead& head, double value);
  void Add(Part part, double bound, double value);
  void Add(HistogramPtr histogram);
  // All series of the point end.
  void AddStale(Part part, double bound);

  absl::Status FlushIfMany() {
    return samples_.size() < kSamplesPerLookup ? absl::OkStatus() : Flush();
  }
  absl::Status Flush();
  // Flushes, and adds what describes the resource.
  absl::Status LeaveResource();

  // Counts a rejected point.
  void Reject(RejectReason reason, absl::string_view detail) {
    out_.rejected.Add(reason, 1, detail);
  }
  RejectTally& rejected() { return out_.rejected; }
  OtlpSamples Take() { return std::move(out_); }

 private:
  // Enough to spread the cost of the cache's lock, few enough to stay in the processor's cache.
  static constexpr size_t kSamplesPerLookup = 512;

  PendingSample& NewSample(Part part, double bound);
  PendingExtra& ExtraOf(PendingSample& sample);
  const PendingExtra& ExtraOf(const PendingSample& sample) const;
  absl::string_view JoinedAttributes(absl::string_view point, uint32_t field);
  void Order();
  absl::Status TakeSample(size_t i);
  absl::Status NameSeries(size_t i);
  template <typename Value>
  void AddAt(SeriesRef series, int64_t time_ms, Value value);
  void AddStart(size_t i);
  void AddDelta(size_t i);
  template <typename Value>
  void AddTotal(size_t i, const Value& value);
  void KeepExemplar(size_t i);
  void RejectPoint(size_t i, RejectReason reason, absl::string_view detail);
  template <typename LabelsOf>
  absl::StatusOr<SeriesRef> DescribingSeries(absl::string_view name, char kind, LabelsOf labels_of);
  absl::Status AddTargetInfo();
  absl::Status AddResourceUp();
  absl::uint128 MetricKey(const OtlpMetric& metric);

  const OtlpShared shared_;
  const Timestamp now_;
  const int64_t oldest_ms_;
  SeriesNamer namer_;
  OtlpSamples out_;

  absl::uint128 resource_key_ = 0, scope_key_ = 0;
  bool resource_sent_ = false;     // it had points
  int64_t newest_ms_ = INT64_MIN;  // of the resource's points taken
  uint32_t point_ = 0;             // number of the point being entered
  uint32_t rejected_point_ = 0;    // the last one that was counted

  // Samples not yet looked up, in columns of equal length, and what they refer to.
  std::vector<PendingSample> samples_;
  std::vector<absl::uint128> keys_;
  std::vector<KnownSeries> known_;
  std::vector<OtlpMetric> metrics_;
  std::vector<PendingExtra> extras_;
  std::vector<uint32_t> order_;                // empty: as they came
  std::deque<std::string> joined_attributes_;  // of points whose attributes do not stand together
  std::string scratch_;

  // What Enter*() were told, for Add().
  OtlpMetric metric_;
  bool metric_added_ = false;  // it is the last of metrics_
  bool deltas_ = false;        // among the samples
  PendingSample head_;
  absl::string_view exemplar_;
  absl::uint128 point_key_ = 0;
};

}  // namespace tocsin::ingest
