#pragma once

#include <atomic>
#include <memory>

#include "absl/time/time.h"
#include "base/clock.h"
#include "base/limits.h"
#include "engine/sample_sink.h"
#include "integrations/ingest/budget.h"
#include "integrations/ingest/call_guard.h"
#include "integrations/ingest/ingest_metrics.h"
#include "integrations/ingest/otlp_decode.h"
#include "proto/opentelemetry/proto/collector/metrics/v1/metrics_service.grpc.pb.h"

namespace tocsin::ingest {

// opentelemetry.proto.collector.metrics.v1.MetricsService. Requests arrive as raw bytes and are
// decoded in place; an answer is given when the samples are durable.
//
// Thread: gRPC's callback threads, many at once; answers from whichever thread the sink calls back
// on. Borrows: all arguments of the constructor. Must outlive the server it is registered with.
// Answers: OK, with partial_success if points were rejected; UNAVAILABLE with RetryInfo if the sink
// took nothing, the server is draining or too much is being decoded; RESOURCE_EXHAUSTED without
// RetryInfo beyond a limit on the request; INVALID_ARGUMENT if the bytes do not decode;
// UNAUTHENTICATED and PERMISSION_DENIED before anything is read of who may not.
class OtlpService final
    : public opentelemetry::proto::collector::metrics::v1::MetricsService::
          WithRawCallbackMethod_Export<
              opentelemetry::proto::collector::metrics::v1::MetricsService::Service> {
 public:
  OtlpService(const Limits& limits, engine::SampleSink& sink, const Clock& clock, Metrics& metrics,
              Budget& decode_bytes, absl::Duration retry_after, OtlpDecoder& decoder,
              const CallGuard& guard);

  grpc::ServerUnaryReactor* Export(grpc::CallbackServerContext* context,
                                   const grpc::ByteBuffer* request,
                                   grpc::ByteBuffer* response) override;

  // From now on new requests are answered UNAVAILABLE; those under way are finished.
  void Drain() { draining_ = true; }
  // Requests not answered yet.
  int under_way() const { return *under_way_; }

 private:
  absl::StatusOr<OtlpSamples> Decode(const grpc::ByteBuffer& request, const std::string& sender,
                                     BudgetLease& room);
  void Fail(grpc::ServerUnaryReactor& reactor, const absl::Status& status);
  void Finish(grpc::ServerUnaryReactor& reactor, grpc::Status status);
  void Answer(grpc::ServerUnaryReactor& reactor, const OtlpSamples& result, size_t samples,
              grpc::ByteBuffer& response);

  // Constant after construction.
  const Limits& limits_;
  engine::SampleSink& sink_;
  const Clock& clock_;
  const absl::Duration retry_after_;

  // Safe from any thread.
  OtlpDecoder& decoder_;
  IngestMetrics metrics_;
  prometheus::Counter& delta_gaps_;
  Budget& decode_bytes_;
  const CallGuard& guard_;
  std::atomic<bool> draining_ = false;
  // Shared with answers that leave: with the last of them the service may be gone.
  const std::shared_ptr<std::atomic<int>> under_way_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace tocsin::ingest
