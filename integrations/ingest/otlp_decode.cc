#include "integrations/ingest/otlp_decode.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "integrations/ingest/otlp_walk.h"

namespace tocsin::ingest {
namespace {

// The shortest point that is taken: its head, a time, and the flag that says there is no value. One
// that also brings a sample where it began is longer than two such.
constexpr uint64_t kPointBytesMin = 2 + 9 + 2;
constexpr size_t kDeltaHistogramBytesMax = 64 << 20;

}  // namespace

OtlpDecoder::OtlpDecoder(const Limits& limits, engine::SampleSink& sink, OtlpOptions options,
                         OtlpListeners listeners)
    : limits_(limits),
      sink_(sink),
      options_(std::move(options)),
      listeners_(listeners),
      cache_(limits.series_max),
      deltas_({.streams_max = limits.series_max,
               .histogram_bytes_max = kDeltaHistogramBytesMax,
               .idle_ms = static_cast<int64_t>(limits.past_ms_max),
               .buckets_max = limits.histogram_buckets_max}) {}

// The batch: its columns grow by doubling, and each point may bring a sample of target_info. Not in
// it: fields a sender writes in pieces, which are joined; no known sender does; and what histograms
// and summaries take from `room`.
uint64_t OtlpDecoder::BytesToDecode(size_t request_bytes) const {
  const uint64_t samples =
      std::min<uint64_t>(request_bytes / kPointBytesMin, 3 * limits_.samples_per_request_max);
  return samples * 2 * (sizeof(SeriesRef) + sizeof(Sample));
}

absl::StatusOr<OtlpSamples> OtlpDecoder::Decode(absl::string_view request, Timestamp now,
                                                BudgetLease* room, absl::string_view sender) {
  if (request.size() > limits_.request_bytes_max) {
    return absl::ResourceExhaustedError(absl::StrCat("request of ", request.size(),
                                                     " bytes; at most ", limits_.request_bytes_max,
                                                     " are taken (request_bytes_max)"));
  }
  const OtlpShared shared = {.limits = limits_,
                             .options = options_,
                             .sink = sink_,
                             .cache = cache_,
                             .deltas = deltas_,
                             .resources = listeners_.resources,
                             .exemplars = listeners_.exemplars};
  OtlpWalk walk(shared, now, room, sender);
  const absl::Status walked = walk.Request(request);
  OtlpSamples samples = walk.Take();
  if (walked.ok()) return samples;
  ForgetStarts(samples.begun);
  return walked;
}

}  // namespace tocsin::ingest
