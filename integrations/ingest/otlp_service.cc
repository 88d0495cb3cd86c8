#include "integrations/ingest/otlp_service.h"

#include <memory>
#include <string>
#include <utility>

#include "base/status_macros.h"
#include "integrations/ingest/otlp_reply.h"
#include "integrations/ingest/rpc.h"

namespace tocsin::ingest {

OtlpService::OtlpService(const Limits& limits, engine::SampleSink& sink, const Clock& clock,
                         Metrics& metrics, Budget& decode_bytes, absl::Duration retry_after,
                         OtlpDecoder& decoder, const CallGuard& guard)
    : limits_(limits),
      sink_(sink),
      clock_(clock),
      retry_after_(retry_after),
      decoder_(decoder),
      metrics_(metrics, "otlp_grpc"),
      delta_gaps_(DeltaGaps(metrics)),
      decode_bytes_(decode_bytes),
      guard_(guard) {}

grpc::ServerUnaryReactor* OtlpService::Export(grpc::CallbackServerContext* context,
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
  absl::StatusOr<OtlpSamples> decoded = Decode(*request, SenderOf(context->peer()), room);
  if (!decoded.ok()) {
    Fail(*reactor, decoded.status());
    return reactor;
  }
  auto result = std::make_shared<OtlpSamples>(*std::move(decoded));
  SampleBatch batch = std::exchange(result->batch, {});
  const size_t samples = batch.size();
  if (samples == 0) {
    Answer(*reactor, *result, 0, *response);
    return reactor;
  }
  sink_.Submit(std::move(batch), [this, reactor, result, samples, response](const absl::Status& s) {
    if (s.ok()) {
      Answer(*reactor, *result, samples, *response);
    } else {
      Fail(*reactor, s);
    }
  });
  return reactor;
}

absl::StatusOr<OtlpSamples> OtlpService::Decode(const grpc::ByteBuffer& request,
                                                const std::string& sender, BudgetLease& room) {
  TOCSIN_ASSIGN_OR_RETURN(const MessageBytes bytes,
                          MessageBytes::From(request, limits_.request_bytes_max, &room));
  metrics_.AddBytes(bytes.view().size());
  TOCSIN_RETURN_IF_ERROR(room.Grow(decoder_.BytesToDecode(bytes.view().size())));
  return decoder_.Decode(bytes.view(), clock_.Now(), &room, sender);
}

void OtlpService::Fail(grpc::ServerUnaryReactor& reactor, const absl::Status& status) {
  grpc::Status answer = ToGrpcStatus(status, retry_after_);
  metrics_.AddRequest(GrpcCodeName(answer.error_code()));
  Finish(reactor, std::move(answer));
}

void OtlpService::Answer(grpc::ServerUnaryReactor& reactor, const OtlpSamples& result,
                         size_t samples, grpc::ByteBuffer& response) {
  const grpc::Slice slice(OtlpReply(result).SerializeAsString());
  response = grpc::ByteBuffer(&slice, 1);
  metrics_.AddSamples(samples);
  metrics_.AddRejected(result.rejected);
  delta_gaps_.Increment(static_cast<double>(result.delta_gaps));
  metrics_.AddRequest("OK");
  Finish(reactor, grpc::Status::OK);
}

void OtlpService::Finish(grpc::ServerUnaryReactor& reactor, grpc::Status status) {
  const auto under_way = under_way_;  // nothing of this may be touched after the next line
  reactor.Finish(std::move(status));
  --*under_way;
}

}  // namespace tocsin::ingest
