#include "integrations/ingest/log_service.h"

#include <string>
#include <utility>

#include "base/status_macros.h"
#include "integrations/ingest/otlp_reply.h"
#include "integrations/ingest/rpc.h"

namespace tocsin::ingest {
LogService::LogService(const Limits& limits, engine::SampleSink& sink, const Clock& clock,
                       Metrics& metrics, Budget& decode_bytes, absl::Duration retry_after,
                       LogCounters& counters, const CallGuard& guard)
    : limits_(limits),
      sink_(sink),
      clock_(clock),
      retry_after_(retry_after),
      decoder_(limits, counters),
      metrics_(metrics, "otlp_logs_grpc"),
      decode_bytes_(decode_bytes),
      guard_(guard) {}

grpc::ServerUnaryReactor* LogService::Export(grpc::CallbackServerContext* context,
                                             const grpc::ByteBuffer* request,
                                             grpc::ByteBuffer* response) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  ++*under_way_;
  if (draining_) {
    Fail(*reactor, absl::UnavailableError("draining"));
    return reactor;
  }
  if (absl::Status allowed = guard_.Allow(*context); !allowed.ok()) {
    Fail(*reactor, allowed);
    return reactor;
  }
  BudgetLease room(decode_bytes_);  // until the sink has the batch, whose queue is bounded too
  absl::StatusOr<LogSamples> decoded = Decode(*request, room);
  if (!decoded.ok()) {
    Fail(*reactor, decoded.status());
    return reactor;
  }
  auto result = std::make_shared<LogSamples>(*std::move(decoded));
  SampleBatch batch = std::exchange(result->batch, {});
  const size_t samples = batch.size();
  if (samples == 0) {
    Answer(*reactor, *result, 0, *response);
    return reactor;
  }
  sink_.Submit(std::move(batch), [this, reactor, result, samples, response](const absl::Status& s) {
    Answer(*reactor, *result, s.ok() ? samples : 0, *response);
  });
  return reactor;
}

absl::StatusOr<LogSamples> LogService::Decode(const grpc::ByteBuffer& request, BudgetLease& room) {
  TOCSIN_ASSIGN_OR_RETURN(const MessageBytes bytes,
                          MessageBytes::From(request, limits_.request_bytes_max, &room));
  metrics_.requests.AddBytes(bytes.view().size());
  return decoder_.Decode(bytes.view(), clock_.Now(), &room);
}

void LogService::Fail(grpc::ServerUnaryReactor& reactor, const absl::Status& status) {
  grpc::Status answer = ToGrpcStatus(status, retry_after_);
  metrics_.requests.AddRequest(GrpcCodeName(answer.error_code()));
  Finish(reactor, std::move(answer));
}

void LogService::Answer(grpc::ServerUnaryReactor& reactor, const LogSamples& result, size_t samples,
                        grpc::ByteBuffer& response) {
  const grpc::Slice slice(LogReply(result).SerializeAsString());
  response = grpc::ByteBuffer(&slice, 1);
  metrics_.AddTaken(result, samples);
  Finish(reactor, grpc::Status::OK);
}

void LogService::Finish(grpc::ServerUnaryReactor& reactor, grpc::Status status) {
  const auto under_way = under_way_;  // nothing of this may be touched after the next line
  reactor.Finish(std::move(status));
  --*under_way;
}

}  // namespace tocsin::ingest
