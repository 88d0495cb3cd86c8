#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/timestamp.h"
#include "integrations/ingest/budget.h"
#include "integrations/ingest/otlp_gather.h"
#include "integrations/ingest/otlp_metric.h"
#include "integrations/ingest/otlp_point.h"

namespace tocsin::ingest {

// The walk over one ExportMetricsServiceRequest: from the request down to single points, which are
// judged here and gathered by SampleGatherer.
//
// Thread: one request's. Errors: those of OtlpDecoder::Decode.
class OtlpWalk {
 public:
  OtlpWalk(const OtlpShared& shared, Timestamp now, BudgetLease* room, absl::string_view sender);

  absl::Status Request(absl::string_view message);
  OtlpSamples Take() { return gathered_.Take(); }

 private:
  absl::Status ResourceMetrics(absl::string_view message);
  absl::Status ScopeMetrics(absl::string_view message);
  absl::Status Metric(absl::string_view message);
  absl::Status Data(uint32_t kind, absl::string_view data, OtlpMetric metric);
  absl::Status Reject(absl::string_view data, RejectReason reason, absl::string_view detail);
  absl::Status Points(absl::string_view data, const OtlpMetric& metric);
  absl::Status Point(absl::string_view message, const OtlpMetric& metric);
  absl::Status Number(absl::string_view message);
  absl::Status Histogram(absl::string_view message);
  absl::Status ExponentialHistogram(absl::string_view message);
  absl::Status Summary(absl::string_view message);

  bool InTime(const PointHead& head);
  absl::Status CountPoints(uint64_t points);
  absl::Status CountIfEmpty(uint64_t points_before);
  absl::Status CountSeries(uint64_t series);
  absl::Status TakeBytes(uint64_t bytes);

  const Limits& limits_;
  const bool scopes_;  // whether a scope makes labels
  BudgetLease* const room_;
  const int64_t oldest_ms_;
  const int64_t newest_ms_;

  SampleGatherer gathered_;
  uint64_t taken_bytes_ = 0;  // by histograms
  uint64_t points_ = 0;       // seen in the whole request; what is empty counts as one
  HistogramPoint histogram_;  // whose vectors are used again
};

}  // namespace tocsin::ingest
