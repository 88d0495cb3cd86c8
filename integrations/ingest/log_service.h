#pragma once

#include <atomic>
#include <memory>

#include "absl/time/time.h"
#include "base/clock.h"
#include "base/limits.h"
#include "engine/sample_sink.h"
#include "integrations/ingest/budget.h"
#include "integrations/ingest/call_guard.h"
#include "integrations/ingest/log_decode.h"
#include "integrations/ingest/log_metrics.h"
#include "proto/opentelemetry/proto/collector/logs/v1/logs_service.grpc.pb.h"

namespace tocsin::ingest {

// opentelemetry.proto.collector.logs.v1.LogsService: log records become counts (LogCounters). An
// answer is given when the samples of the counters are durable, or could not be committed for now:
// what was counted is not counted again.
//
// Thread: gRPC's callback threads, many at once; answers from whichever thread the sink calls back
// on. Borrows: all arguments of the constructor. Must outlive the server it is registered with.
// Answers: OK, with partial_success if records were rejected or a counter found no room;
// UNAVAILABLE with RetryInfo if the server is draining or too much is being decoded;
// RESOURCE_EXHAUSTED without RetryInfo beyond a limit on the request; INVALID_ARGUMENT if the bytes
// do not decode; UNAUTHENTICATED and PERMISSION_DENIED for who may not.
class LogService final
    : public opentelemetry::proto::collector::logs::v1::LogsService::WithRawCallbackMethod_Export<
          opentelemetry::proto::collector::logs::v1::LogsService::Service> {
 public:
  LogService(const Limits& limits, engine::SampleSink& sink, const Clock& clock, Metrics& metrics,
             Budget& decode_bytes, absl::Duration retry_after, LogCounters& counters,
             const CallGuard& guard);

  grpc::ServerUnaryReactor* Export(grpc::CallbackServerContext* context,
                                   const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* response) override;

  // From now on new requests are answered UNAVAILABLE; those under way are finished.
  void Drain() { draining_ = true; }
  // Requests not answered yet.
  int under_way() const { return *under_way_; }

 private:
  absl::StatusOr<LogSamples> Decode(const grpc::ByteBuffer& request, BudgetLease& room);
  void Fail(grpc::ServerUnaryReactor& reactor, const absl::Status& status);
  void Answer(grpc::ServerUnaryReactor& reactor, const LogSamples& result, size_t samples,
              grpc::ByteBuffer& response);
  void Finish(grpc::ServerUnaryReactor& reactor, grpc::Status status);

  // Constant after construction.
  const Limits& limits_;
  engine::SampleSink& sink_;
  const Clock& clock_;
  const absl::Duration retry_after_;

  // Safe from any thread.
  LogDecoder decoder_;
  LogMetrics metrics_;
  Budget& decode_bytes_;
  const CallGuard& guard_;
  std::atomic<bool> draining_ = false;
  // Shared with answers that leave: with the last of them the service may be gone.
  const std::shared_ptr<std::atomic<int>> under_way_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace tocsin::ingest
