#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/limits.h"
#include "base/sample.h"
#include "base/timestamp.h"
#include "engine/sample_sink.h"
#include "integrations/ingest/budget.h"
#include "integrations/ingest/reject.h"
#include "integrations/ingest/series_cache.h"

namespace tocsin::ingest {

// What one ExportMetricsServiceRequest came to.
struct OtlpSamples {
  SampleBatch batch;     // in the sender's order; target_info after the points of its resource
  RejectTally rejected;  // points that are not in the batch, for good
  std::string warning;   // something was left out that is no point; "" if nothing was
};

// OTLP metrics -> samples. Gauges and cumulative sums become floats, cumulative exponential
// histograms native histograms; other kinds and delta temporality are rejected with a reason. Walks
// the wire in place: a point of a known series is never decoded beyond its time and value.
//
// Thread: any.
// Borrows: limits and sink, which outlive it.
// Errors of Decode (the request as a whole; nothing of it is to be submitted): InvalidArgument if
// the bytes are not such a request; ResourceExhausted beyond limits.request_bytes_max or
// samples_per_request_max (an empty metric, scope or resource counts as a point), and if histograms
// alone take more than ingest_decode_bytes_max; what
// SampleSink::Resolve returns besides InvalidArgument and ResourceExhausted, which only reject
// their points. Limits: points dated beyond now + future_ms_max or before now - past_ms_max are
// rejected; the cache of known series holds twice limits.series_max entries.
class OtlpDecoder {
 public:
  OtlpDecoder(const Limits& limits, engine::SampleSink& sink)
      : limits_(limits), sink_(sink), cache_(limits.series_max) {}

  // `sender`: the host it came from, whose new series are counted; "": not known. Memory of
  // histograms is taken from `room`, if there is one; what Grow() returns is an error of the
  // request.
  absl::StatusOr<OtlpSamples> Decode(absl::string_view request, Timestamp now,
                                     BudgetLease* room = nullptr, absl::string_view sender = {});

  // The most memory Decode() takes for a request of that size, besides the request and what it
  // takes from `room`.
  uint64_t BytesToDecode(size_t request_bytes) const;

  size_t cached_series() const { return cache_.size(); }

 private:
  const Limits& limits_;
  engine::SampleSink& sink_;
  SeriesCache cache_;
};

}  // namespace tocsin::ingest
