#include "integrations/ingest/export_calls.h"

#include <memory>
#include <optional>
#include <utility>

#include "base/status_macros.h"
#include "integrations/ingest/rpc.h"

namespace tocsin::ingest {

// A request that has been admitted. gRPC keeps the messages until the reactor has finished.
struct ExportCalls::Call {
  Call(grpc::ServerUnaryReactor& its_reactor, const grpc::ByteBuffer& its_request,
       grpc::ByteBuffer& its_response, std::string its_sender, Budget& decode_bytes)
      : reactor(its_reactor),
        request(its_request),
        response(its_response),
        sender(std::move(its_sender)),
        room(std::in_place, decode_bytes, sender) {}

  grpc::ServerUnaryReactor& reactor;
  const grpc::ByteBuffer& request;
  grpc::ByteBuffer& response;
  const std::string sender;
  std::optional<BudgetLease> room;  // until it is decoded: the sink's queue is bounded, too
};

grpc::ServerUnaryReactor* ExportCalls::Run(grpc::CallbackServerContext& context,
                                           const grpc::ByteBuffer& request,
                                           grpc::ByteBuffer& response) {
  grpc::ServerUnaryReactor* reactor = context.DefaultReactor();
  ++*under_way_;
  auto call = std::make_unique<Call>(*reactor, request, response, SenderOf(context.peer()),
                                     parts_.decode_bytes);
  if (const absl::Status admitted = Admit(context, *call); !admitted.ok()) {
    call->room.reset();  // with the answer the server may be gone
    Answer(*reactor, response, admitted);
    return reactor;
  }
  const std::string sender = call->sender;
  parts_.Decode(sender, request, [this, call = std::move(call)]() mutable { Work(*call); });
  return reactor;
}

absl::Status ExportCalls::Admit(const grpc::CallbackServerContext& context, Call& call) {
  if (draining_) return absl::UnavailableError("draining");
  TOCSIN_RETURN_IF_ERROR(parts_.guard.Allow(context));
  TOCSIN_RETURN_IF_ERROR(parts_.rates.Admit(call.sender));
  return call.room->Grow(call.request.Length());
}

void ExportCalls::Work(Call& call) {
  absl::StatusOr<DecodedExport> decoded = Take(call);
  call.room.reset();  // before anybody hears the answer, and comes with more
  if (!decoded.ok()) return Answer(call.reactor, call.response, decoded.status());
  if (decoded->batch.empty()) {
    return Answer(call.reactor, call.response, decoded->reply(absl::OkStatus()));
  }
  parts_.sink.SubmitFrom(
      call.sender, std::move(decoded->batch),
      [this, &reactor = call.reactor, &response = call.response, reply = std::move(decoded->reply)](
          const absl::Status& committed) { Answer(reactor, response, reply(committed)); });
}

absl::StatusOr<DecodedExport> ExportCalls::Take(Call& call) {
  TOCSIN_ASSIGN_OR_RETURN(
      const MessageBytes bytes,
      MessageBytes::From(call.request, parts_.limits.request_bytes_max, &*call.room));
  const absl::string_view message = bytes.view();
  metrics_.AddBytes(message.size());
  parts_.rates.Charge(call.sender, SamplesOfBytes(message.size()));
  TOCSIN_ASSIGN_OR_RETURN(DecodedExport decoded,
                          decode_(message, {call.sender, parts_.clock.Now(), *call.room}));
  parts_.rates.Charge(call.sender, decoded.charged);
  return decoded;
}

void ExportCalls::Answer(grpc::ServerUnaryReactor& reactor, grpc::ByteBuffer& response,
                         const absl::StatusOr<std::string>& reply) {
  grpc::Status answer = ToGrpcStatus(reply.status(), parts_.retry_after);
  metrics_.AddRequest(GrpcCodeName(answer.error_code()));
  if (reply.ok()) {
    const grpc::Slice slice(*reply);
    response = grpc::ByteBuffer(&slice, 1);
  }
  const auto under_way = under_way_;  // nothing of this may be touched after the next line
  reactor.Finish(std::move(answer));
  --*under_way;
}

}  // namespace tocsin::ingest
