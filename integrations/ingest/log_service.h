#pragma once

#include "integrations/ingest/export_calls.h"
#include "integrations/ingest/log_decode.h"
#include "integrations/ingest/log_metrics.h"
#include "proto/opentelemetry/proto/collector/logs/v1/logs_service.grpc.pb.h"

namespace tocsin::ingest {

// opentelemetry.proto.collector.logs.v1.LogsService: log records become counts (LogCounters). An
// answer is given when the samples of the counters are durable, or could not be committed for now:
// what was counted is not counted again.
//
// Threads and errors: see ExportCalls. Answers: OK, with partial_success if records were rejected
// or a counter found no room.
// Borrows: all arguments of the constructor. Must outlive the server it is registered with.
class LogService final
    : public opentelemetry::proto::collector::logs::v1::LogsService::WithRawCallbackMethod_Export<
          opentelemetry::proto::collector::logs::v1::LogsService::Service> {
 public:
  LogService(const CallParts& parts, Metrics& metrics, LogCounters& counters);

  grpc::ServerUnaryReactor* Export(grpc::CallbackServerContext* context,
                                   const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* response) override {
    return calls_.Run(*context, *request, *response);
  }

  ExportCalls& calls() { return calls_; }

 private:
  absl::StatusOr<DecodedExport> Decode(absl::string_view message, const ExportContext& context);

  // Safe from any thread.
  LogDecoder decoder_;
  LogMetrics metrics_;
  ExportCalls calls_;
};

}  // namespace tocsin::ingest
