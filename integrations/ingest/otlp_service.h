#pragma once

#include "integrations/ingest/export_calls.h"
#include "integrations/ingest/otlp_decode.h"
#include "proto/opentelemetry/proto/collector/metrics/v1/metrics_service.grpc.pb.h"

namespace tocsin::ingest {

// opentelemetry.proto.collector.metrics.v1.MetricsService. Requests arrive as raw bytes and are
// decoded in place; an answer is given when the samples are durable.
//
// Threads and errors: see ExportCalls. Answers: OK, with partial_success if points were rejected.
// Borrows: all arguments of the constructor. Must outlive the server it is registered with.
class OtlpService final
    : public opentelemetry::proto::collector::metrics::v1::MetricsService::
          WithRawCallbackMethod_Export<
              opentelemetry::proto::collector::metrics::v1::MetricsService::Service> {
 public:
  OtlpService(const CallParts& parts, Metrics& metrics, OtlpDecoder& decoder);

  grpc::ServerUnaryReactor* Export(grpc::CallbackServerContext* context,
                                   const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* response) override {
    return calls_.Run(*context, *request, *response);
  }

  ExportCalls& calls() { return calls_; }

 private:
  absl::StatusOr<DecodedExport> Decode(absl::string_view message, const ExportContext& context);
  std::string Reply(const OtlpSamples& result, size_t samples);

  // Safe from any thread.
  OtlpDecoder& decoder_;
  IngestMetrics metrics_;
  prometheus::Counter& delta_gaps_;
  ExportCalls calls_;
};

}  // namespace tocsin::ingest
