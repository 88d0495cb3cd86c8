#pragma once

#include <cstdint>
#include <vector>

#include "absl/numeric/int128.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/limits.h"
#include "base/sample.h"
#include "base/timestamp.h"
#include "engine/sample_sink.h"
#include "integrations/ingest/budget.h"
#include "integrations/ingest/exemplars.h"
#include "integrations/ingest/reject.h"
#include "integrations/ingest/series_cache.h"

namespace tocsin::ingest {

// Which message a request of Prometheus' remote write is.
enum class RemoteWriteVersion {
  kV1,  // prometheus.WriteRequest
  kV2,  // io.prometheus.write.v2.Request: texts in one table
};

// What one request came to.
struct RemoteWriteSamples {
  SampleBatch batch;        // in the sender's order
  RejectTally rejected;     // samples that are not in the batch, for good
  uint64_t histograms = 0;  // of the batch, as sent
  uint64_t exemplars = 0;   // that were kept
  // Whose counting began with a 0 in the batch that was not sent, see ForgetStarts.
  std::vector<absl::uint128> begun;
  uint64_t floats() const { return batch.size() - begun.size() - histograms; }
};

// Prometheus remote write 1.0 and 2.0 -> samples. Walks the wire in place: the labels of a known
// series are hashed, not decoded. Metadata is accepted and not kept.
//
// Exemplars with a trace are kept, if they are in time as samples have to be and their series is
// known: they are sent apart from samples, and alone make no series. They are never refused; the
// first kExemplarsMax of a request are looked at.
//
// A series needs a metric name; label names may be any UTF-8 but empty, in any order, each once;
// empty values are no labels. See remote_write_histogram.h for histograms; one that says "stale" is
// a stale marker like that of a float.
//
// A counter's first value is an increase, as with OTLP: where a series of 2.0 says when it began to
// count, a zero there comes before the first sample that says so. A start that is not newer than
// those known of the series, or is older than samples may be, gets none; nor does a quantile, or
// what is a gauge by its metadata, which Prometheus itself often leaves out.
//
// Thread: any. Borrows: limits and sink, which outlive it.
// Errors of Decode (the request as a whole; nothing of it is to be submitted): InvalidArgument if
// the bytes are not such a message; ResourceExhausted beyond limits.request_bytes_max or
// samples_per_request_max (an empty series counts as a sample), and if symbols or histograms alone
// take more than ingest_decode_bytes_max; what SampleSink::Resolve returns besides InvalidArgument
// and ResourceExhausted, which only reject their samples.
// Limits: samples dated beyond now + future_ms_max or before now - past_ms_max are rejected; the
// cache of known series holds twice limits.series_max entries.
class RemoteWriteDecoder {
 public:
  static constexpr size_t kExemplarsMax = 10'000;

  // `exemplars`: where they are kept, outlives this; null: nobody wants them.
  RemoteWriteDecoder(const Limits& limits, engine::SampleSink& sink,
                     ExemplarStore* exemplars = nullptr)
      : limits_(limits), sink_(sink), exemplars_(exemplars), cache_(limits.series_max) {}

  // `sender`: the host it came from, whose new series are counted; "": not known. Memory is taken
  // from `room`, if there is one; what Grow() returns is an error of the request.
  absl::StatusOr<RemoteWriteSamples> Decode(RemoteWriteVersion version, absl::string_view request,
                                            Timestamp now, BudgetLease* room = nullptr,
                                            absl::string_view sender = {});

  // To be called with RemoteWriteSamples::begun if the batch did not become durable: its sender
  // comes again, and the 0 is wanted then, too.
  void ForgetStarts(const std::vector<absl::uint128>& begun) { cache_.ForgetStarts(begun); }

 private:
  const Limits& limits_;
  engine::SampleSink& sink_;
  ExemplarStore* const exemplars_;
  SeriesCache cache_;
};

}  // namespace tocsin::ingest
