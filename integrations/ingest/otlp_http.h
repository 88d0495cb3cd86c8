#pragma once

#include <memory>

#include "base/limits.h"
#include "base/metrics.h"
#include "engine/sample_sink.h"
#include "integrations/ingest/http_front.h"
#include "integrations/ingest/ingest_metrics.h"
#include "integrations/ingest/otlp_decode.h"

namespace tocsin::ingest {

// `POST /v1/metrics`: OTLP/HTTP, as protobuf or JSON. An answer is given when the samples are
// durable, in the encoding of the request.
//
// Thread: any; answers from whichever thread the sink calls back on. Borrows: all arguments of the
// constructor. Must outlive the server.
// Answers: 200, with partial_success if points were rejected; otherwise google.rpc.Status: 400 if
// the bytes do not decode, 413 beyond a limit on the request, 503 with Retry-After if the sink took
// nothing, the server is draining or too much is being decoded.
class OtlpHttp {
 public:
  OtlpHttp(const Limits& limits, engine::SampleSink& sink, Metrics& metrics, OtlpDecoder& decoder,
           absl::Duration retry_after = absl::Seconds(1))
      : limits_(limits),
        retry_after_(retry_after),
        sink_(sink),
        decoder_(decoder),
        metrics_(metrics, "otlp_http") {}

  // Borrows this.
  HttpRoute route();

 private:
  void Handle(const http::HttpRequest& request, const IngestContext& context,
              const http::Respond& respond);
  absl::StatusOr<OtlpSamples> Decode(const http::HttpRequest& request,
                                     const IngestContext& context);
  http::HttpReply Refuse(const http::HttpRequest& head, int status, const absl::Status& reason);
  http::HttpReply Fail(const http::HttpRequest& head, const absl::Status& reason);
  http::HttpReply Answer(const http::HttpRequest& head, const OtlpSamples& result, size_t samples);

  // Constant after construction.
  const Limits& limits_;
  const absl::Duration retry_after_;
  engine::SampleSink& sink_;

  // Safe from any thread.
  OtlpDecoder& decoder_;
  IngestMetrics metrics_;
};

}  // namespace tocsin::ingest
