#include "integrations/ingest/push_service.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "integrations/ingest/push_stream.h"
#include "integrations/ingest/rpc.h"

namespace tocsin::ingest {
namespace {

// One sender, who gets two thirds, may have every series on two streams: enough to connect anew
// before the old stream is seen to be gone.
BudgetOptions Declarations(const Limits& limits) {
  return {
      .reason = "declarations", .limit = "thrice series_max", .amount_max = 3 * limits.series_max};
}

// A stream that ends as it begins.
class RefusedStream final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  explicit RefusedStream(grpc::Status status) { Finish(std::move(status)); }
  void OnDone() override { delete this; }
};

}  // namespace

PushService::PushService(const CallParts& parts, Metrics& metrics, size_t unanswered_max)
    : context_(new PushContext{.parts = parts,
                               .unanswered_max = unanswered_max,
                               .metrics = IngestMetrics(metrics, "native"),
                               .declarations = Budget(metrics, Declarations(parts.limits))}),
      refused_streams_(OverloadCounter(metrics, "streams")) {}

PushService::~PushService() = default;

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* PushService::Push(
    grpc::CallbackServerContext* context) {
  auto stream = std::make_shared<PushStream>(*this, context_, SenderOf(context->peer()));
  absl::Status admitted = context_->parts.guard.Allow(*context);
  if (admitted.ok()) admitted = Admit(stream);
  if (!admitted.ok()) {
    const grpc::Status answer = ToGrpcStatus(admitted, context_->parts.retry_after);
    context_->metrics.AddRequest(GrpcCodeName(answer.error_code()));
    return new RefusedStream(answer);
  }
  stream->Begin();
  return stream.get();
}

// Too many streams are overload: places become free, so the sender should come back.
absl::Status PushService::Admit(const std::shared_ptr<PushStream>& stream) {
  MutexLock lock(mutex_);
  if (draining_) return absl::UnavailableError("draining");
  if (streams_.size() >= context_->parts.limits.streams_max) {
    refused_streams_.Increment();
    return absl::UnavailableError(
        absl::StrCat("more than ", context_->parts.limits.streams_max, " streams (streams_max)"));
  }
  streams_.insert(stream);
  return absl::OkStatus();
}

size_t PushService::streams() const {
  MutexLock lock(mutex_);
  return streams_.size();
}

void PushService::Drain() {
  std::vector<std::shared_ptr<PushStream>> streams;
  {
    MutexLock lock(mutex_);
    draining_ = true;
    streams.assign(streams_.begin(), streams_.end());
  }
  for (const auto& stream : streams) stream->Drain();
}

void PushService::Forget(const std::shared_ptr<PushStream>& stream) {
  MutexLock lock(mutex_);
  streams_.erase(stream);
}

}  // namespace tocsin::ingest
