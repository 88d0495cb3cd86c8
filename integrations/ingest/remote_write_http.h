#pragma once

#include "base/limits.h"
#include "base/metrics.h"
#include "engine/sample_sink.h"
#include "integrations/ingest/http_front.h"
#include "integrations/ingest/ingest_metrics.h"
#include "integrations/ingest/remote_write_decode.h"

namespace tocsin::ingest {

// `POST /api/v1/write`: Prometheus remote write 1.0 (`application/x-protobuf`, also with
// `proto=prometheus.WriteRequest`, or no Content-Type at all) and 2.0
// (`proto=io.prometheus.write.v2.Request`), snappy blocks.
//
// Thread: any; answers from whichever thread the sink calls back on. Borrows: all arguments of the
// constructor. Must outlive the server.
// Answers: 204 when all samples are durable; 400 if some can never be taken, when the rest is
// durable, and if the bytes do not decode; 413 beyond a limit on the request; 415; 503 with
// Retry-After if the sink took nothing, the server is draining or too much is being decoded. To 2.0
// the headers X-Prometheus-Remote-Write-{Samples,Histograms,Exemplars}-Written say what is durable,
// and how many exemplars are kept, in memory.
class RemoteWriteHttp {
 public:
  RemoteWriteHttp(const Limits& limits, engine::SampleSink& sink, Metrics& metrics,
                  ExemplarStore* exemplars = nullptr, absl::Duration retry_after = absl::Seconds(1))
      : retry_after_(retry_after),
        sink_(sink),
        decoder_(limits, sink, exemplars),
        metrics_(metrics, "remote_write") {}

  // Borrows this.
  HttpRoute route();

 private:
  struct Counts {
    uint64_t floats = 0;
    uint64_t histograms = 0;
    uint64_t exemplars = 0;
  };

  void Handle(const http::HttpRequest& request, const IngestContext& context,
              const http::Respond& respond);
  static void AddWritten(RemoteWriteVersion version, Counts written, http::HttpReply& reply);
  http::HttpReply Fail(RemoteWriteVersion version, const absl::Status& reason);
  http::HttpReply Answer(RemoteWriteVersion version, const RejectTally& rejected, Counts written);

  // Constant after construction.
  const absl::Duration retry_after_;
  engine::SampleSink& sink_;

  // Safe from any thread.
  RemoteWriteDecoder decoder_;
  IngestMetrics metrics_;
};

}  // namespace tocsin::ingest
