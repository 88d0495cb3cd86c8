#pragma once

#include "base/limits.h"
#include "base/metrics.h"
#include "engine/sample_sink.h"
#include "integrations/ingest/http_front.h"
#include "integrations/ingest/log_decode.h"
#include "integrations/ingest/log_metrics.h"

namespace tocsin::ingest {

// `POST /v1/logs`: OTLP/HTTP, as protobuf or JSON; see LogService.
//
// Thread: any; answers from whichever thread the sink calls back on. Borrows: all arguments of the
// constructor. Must outlive the server.
// Answers: 200, with partial_success if records were rejected or a counter found no room; otherwise
// google.rpc.Status: 400 if the bytes do not decode, 413 beyond a limit on the request, 503 with
// Retry-After if the server is draining or too much is being decoded.
class LogHttp {
 public:
  LogHttp(const Limits& limits, engine::SampleSink& sink, Metrics& metrics, LogCounters& counters,
          absl::Duration retry_after = absl::Seconds(1))
      : limits_(limits),
        retry_after_(retry_after),
        sink_(sink),
        decoder_(limits, counters),
        metrics_(metrics, "otlp_logs_http") {}

  // Borrows this.
  HttpRoute route();

 private:
  void Handle(const http::HttpRequest& request, const IngestContext& context,
              const http::Respond& respond);
  absl::StatusOr<LogSamples> Decode(const http::HttpRequest& request, const IngestContext& context);
  http::HttpReply Refuse(const http::HttpRequest& head, int status, const absl::Status& reason);
  http::HttpReply Answer(const http::HttpRequest& head, const LogSamples& result, size_t samples);

  // Constant after construction.
  const Limits& limits_;
  const absl::Duration retry_after_;
  engine::SampleSink& sink_;

  // Safe from any thread.
  LogDecoder decoder_;
  LogMetrics metrics_;
};

}  // namespace tocsin::ingest
