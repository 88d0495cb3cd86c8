#include "integrations/ingest/push_service.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "integrations/ingest/push_stream.h"
#include "integrations/ingest/rpc.h"

namespace tocsin::ingest {
namespace {

// Every series declared on two streams: enough for senders that connect anew before their old
// stream is seen to be gone.
constexpr uint64_t kDeclarationsPerSeries = 2;

// A stream that ends as it begins.
class RefusedStream final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  explicit RefusedStream(grpc::Status status) { Finish(std::move(status)); }
  void OnDone() override { delete this; }
};

}  // namespace

PushService::PushService(const Limits& limits, engine::SampleSink& sink, const Clock& clock,
                         Metrics& metrics, absl::Duration retry_after, size_t unanswered_max)
    : metrics_(metrics, "native"),
      declarations_(metrics, {.reason = "declarations",
                              .limit = "twice series_max",
                              .amount_max = kDeclarationsPerSeries * limits.series_max}),
      context_{.limits = limits,
               .sink = sink,
               .clock = clock,
               .metrics = metrics_,
               .declarations = declarations_,
               .retry_after = retry_after,
               .unanswered_max = unanswered_max} {}

PushService::~PushService() = default;

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* PushService::Push(
    grpc::CallbackServerContext* /*context*/) {
  auto stream = std::make_shared<PushStream>(*this, context_);
  absl::Status refusal;
  {
    MutexLock lock(mutex_);
    if (draining_) {
      refusal = absl::UnavailableError("draining");
    } else if (streams_.size() >= context_.limits.streams_max) {
      refusal = absl::ResourceExhaustedError(
          absl::StrCat("more than ", context_.limits.streams_max, " streams (streams_max)"));
    } else {
      streams_.insert(stream);
    }
  }
  if (!refusal.ok()) return new RefusedStream(ToGrpcStatus(refusal, context_.retry_after));
  stream->Begin();
  return stream.get();
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
