#include "integrations/ingest/export_calls.h"

#include <atomic>
#include <memory>
#include <optional>
#include <utility>

#include "base/status_macros.h"
#include "integrations/ingest/rpc.h"

namespace tocsin::ingest {

// Hears whether the client waited for the answer. May outlive the calls.
class ExportCalls::Watcher final : public grpc::ServerUnaryReactor {
 public:
  Watcher(std::shared_ptr<ResetGuard> resets, std::string peer)
      : resets_(std::move(resets)), peer_(std::move(peer)) {}

  void OnCancel() override { taken_back_ = true; }
  void OnDone() override {
    taken_back_ ? resets_->TakenBack(peer_) : resets_->Answered(peer_);
    delete this;
  }

 private:
  const std::shared_ptr<ResetGuard> resets_;
  const std::string peer_;
  std::atomic<bool> taken_back_{false};
};

// A request that has been admitted.
struct ExportCalls::Call {
  Call(const Caller& its_caller, const grpc::ByteBuffer& its_request, std::string its_sender,
       Budget& decode_bytes)
      : caller(its_caller),
        request(its_request),
        sender(std::move(its_sender)),
        room(std::in_place, decode_bytes, sender) {}

  const Caller caller;
  const grpc::ByteBuffer& request;
  const std::string sender;
  std::optional<BudgetLease> room;  // until it is decoded: the sink's queue is bounded, too
};

grpc::ServerUnaryReactor* ExportCalls::Run(grpc::CallbackServerContext& context,
                                           const grpc::ByteBuffer& request,
                                           grpc::ByteBuffer& response) {
  const std::string peer = context.peer();
  const bool looks = parts_.resets->LooksAtNext();
  grpc::ServerUnaryReactor* reactor =
      looks ? new Watcher(parts_.resets, peer) : context.DefaultReactor();
  // A call without a message was taken back before that came.
  if (!looks && request.Valid()) parts_.resets->Answered(peer);
  ++*under_way_;
  auto call = std::make_unique<Call>(Caller{context, *reactor, response}, request, SenderOf(peer),
                                     parts_.decode_bytes);
  if (const absl::Status admitted = Admit(*call); !admitted.ok()) {
    call->room.reset();  // with the answer the server may be gone
    Answer(call->caller, admitted);
    return reactor;
  }
  const std::string sender = call->sender;
  parts_.Decode(sender, request, [this, call = std::move(call)]() mutable { Work(*call); });
  return reactor;
}

absl::Status ExportCalls::Admit(Call& call) {
  if (draining_) return absl::UnavailableError("draining");
  TOCSIN_RETURN_IF_ERROR(parts_.guard.Allow(call.caller.context));
  TOCSIN_RETURN_IF_ERROR(parts_.rates.Admit(call.sender));
  return call.room->Grow(call.request.Length());
}

void ExportCalls::Work(Call& call) {
  absl::StatusOr<DecodedExport> decoded = Take(call);
  call.room.reset();  // before anybody hears the answer, and comes with more
  if (!decoded.ok()) return Answer(call.caller, decoded.status());
  if (decoded->batch.empty()) {
    return Answer(call.caller, decoded->reply(absl::OkStatus()));
  }
  parts_.sink.SubmitFrom(call.sender, std::move(decoded->batch),
                         [this, caller = call.caller, reply = std::move(decoded->reply)](
                             const absl::Status& committed) { Answer(caller, reply(committed)); });
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

void ExportCalls::Answer(const Caller& caller, const absl::StatusOr<std::string>& reply) {
  grpc::Status answer = ToGrpcStatus(reply.status(), parts_.retry_after);
  metrics_.AddRequest(GrpcCodeName(answer.error_code()));
  if (reply.ok()) {
    const grpc::Slice slice(*reply);
    caller.response = grpc::ByteBuffer(&slice, 1);
  }
  const auto under_way = under_way_;  // nothing of this may be touched after the next line
  caller.reactor.Finish(std::move(answer));
  --*under_way;
}

}  // namespace tocsin::ingest
