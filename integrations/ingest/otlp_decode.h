#pragma once

#include <string>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/limits.h"
#include "base/sample.h"
#include "base/timestamp.h"
#include "engine/sample_sink.h"
#include "integrations/ingest/budget.h"
#include "integrations/ingest/otlp_delta.h"
#include "integrations/ingest/otlp_options.h"
#include "integrations/ingest/reject.h"
#include "integrations/ingest/series_cache.h"

namespace tocsin::ingest {

class ExemplarStore;
class ResourceWatch;

// What one ExportMetricsServiceRequest came to.
struct OtlpSamples {
  // In the sender's order, deltas in the order of time; samples of 0 where a counter began before
  // its first one; what describes a resource after its points.
  SampleBatch batch;
  RejectTally rejected;              // points that are not in the batch, for good
  std::string warning;               // something was left out that is no point; "" if nothing was
  uint64_t delta_gaps = 0;           // times that no delta covers, between two of one series
  std::vector<absl::uint128> begun;  // whose counting began with a 0 in the batch, see ForgetStarts
};

// Whom decoding tells about what it sees; null: nobody. All outlive the decoder.
struct OtlpListeners {
  ResourceWatch* resources = nullptr;
  ExemplarStore* exemplars = nullptr;
};

// OTLP metrics -> samples. Gauges and sums become floats, histograms with explicit buckets and
// summaries the float series that Prometheus makes of them, exponential histograms native ones.
// Deltas are added up (see DeltaStreams); those of sums that are not monotonic are rejected, since
// without the first one their level is not known. A counter whose start time is new gets a sample
// of 0 there. Walks the wire in place: a point of a known series is never decoded beyond its times
// and values.
//
// Thread: any.
// Borrows: limits and sink, which outlive it. One decoder should serve all ports: deltas of a
// series are added up in one place.
// Errors of Decode (the request as a whole; nothing of it is to be submitted): InvalidArgument if
// the bytes are not such a request; ResourceExhausted beyond limits.request_bytes_max or
// samples_per_request_max (of histograms with explicit buckets and of summaries each series counts;
// an empty metric, scope or resource counts as a point), and if histograms alone take more than
// ingest_decode_bytes_max; what SampleSink::Resolve returns besides InvalidArgument and
// ResourceExhausted, which only reject their points. Limits: points dated beyond now +
// future_ms_max or before now - past_ms_max are rejected; the cache of known series holds twice
// limits.series_max entries; deltas of limits.series_max series are added up, and 64 MiB of
// histograms.
class OtlpDecoder {
 public:
  OtlpDecoder(const Limits& limits, engine::SampleSink& sink, OtlpOptions options = {},
              OtlpListeners listeners = {});

  // `sender`: the host it came from, whose new series are counted; "": not known. Memory of
  // histograms is taken from `room`, if there is one; what Grow() returns is an error of the
  // request.
  absl::StatusOr<OtlpSamples> Decode(absl::string_view request, Timestamp now,
                                     BudgetLease* room = nullptr, absl::string_view sender = {});

  // To be called with OtlpSamples::begun if the batch did not become durable: its sender comes
  // again, and the 0 is wanted then, too.
  void ForgetStarts(const std::vector<absl::uint128>& begun) { cache_.ForgetStarts(begun); }

  // The most memory Decode() takes for a request of that size, besides the request and what it
  // takes from `room`.
  uint64_t BytesToDecode(size_t request_bytes) const;

  size_t cached_series() const { return cache_.size(); }
  size_t delta_streams() const { return deltas_.streams(); }

 private:
  const Limits& limits_;
  engine::SampleSink& sink_;
  const OtlpOptions options_;
  const OtlpListeners listeners_;
  SeriesCache cache_;
  DeltaStreams deltas_;
};

}  // namespace tocsin::ingest
