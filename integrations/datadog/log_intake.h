#pragma once

#include "absl/status/statusor.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "engine/sample_sink.h"
#include "integrations/datadog/host_tags.h"
#include "integrations/http/http_exchange.h"
#include "integrations/ingest/ingest_context.h"
#include "integrations/ingest/log_counters.h"
#include "integrations/ingest/log_metrics.h"

namespace tocsin::datadog {

// Logs that a Datadog Agent and clients of Datadog's API post: they become counts (LogCounters), as
// those of OTLP do. An answer is given when the samples of the counters are durable, or could not
// be committed for now: what was counted is not counted again.
//
// Answers: 202 with `{}`, or with what was left out and why; 400 if nobody can read the body, 413
// beyond a limit on the request, 415, 503 with Retry-After if too much is being decoded. An Agent
// drops what is answered 400, 401, 403 and 413 and repeats the rest. What holds no log is answered
// 202: Agents look that way whether we are there.
//
// Metrics: those of LogMetrics with protocol="datadog_logs".
//
// Thread: any; answers from whichever thread the sink calls back on. Borrows all of `parts`; the
// sink must have called back for all it took before this ends.
class LogIntake {
 public:
  struct Parts {
    const Limits& limits;
    engine::SampleSink& sink;
    ingest::LogCounters& counters;
    const HostTags& hosts;
    Metrics& metrics;
  };
  explicit LogIntake(const Parts& parts) : parts_(parts), metrics_(parts.metrics, "datadog_logs") {}

  // InvalidArgument for what is neither JSON nor text, by its name.
  static absl::Status CheckType(absl::string_view content_type);

  // A request that is authorized and of a type that is taken. `body` is plain.
  void Handle(const http::HttpRequest& request, const ingest::IngestContext& context,
              const http::Respond& respond);
  // What an error is told as, which is counted.
  http::HttpReply Refuse(int status, const absl::Status& reason);

 private:
  absl::StatusOr<ingest::LogSamples> Decode(const http::HttpRequest& request,
                                            const ingest::IngestContext& context);
  http::HttpReply Answer(const ingest::LogSamples& result, size_t samples);

  const Parts parts_;
  ingest::LogMetrics metrics_;  // safe from any thread
};

}  // namespace tocsin::datadog
