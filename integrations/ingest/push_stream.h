#pragma once

#include <deque>
#include <memory>
#include <string>
#include <utility>

#include <grpcpp/support/server_callback.h>

#include "base/mutex.h"
#include "integrations/ingest/push_service.h"
#include "integrations/ingest/push_session.h"
#include "integrations/ingest/rpc.h"

namespace tocsin::ingest {

// One native stream. At any time at most one read and one write are with gRPC:
//   read -> decode, maybe on a worker -> a slot in answers_ -> Submit -> slot filled -> written
//   once all before it are.
// It ends once its input has ended (closed by the client, undecodable, draining) and every slot is
// written, or at once if the client is gone.
//
// Thread: gRPC's callback threads, the workers' and whichever thread the sink calls back on. Owned
// by PushService's set until OnDone, by a worker that decodes, and by the callbacks given to the
// sink.
class PushStream final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                         public std::enable_shared_from_this<PushStream> {
 public:
  // `sender`: the host at the other end.
  PushStream(PushService& service, std::shared_ptr<PushContext> context, absl::string_view sender)
      : service_(service),
        context_(std::move(context)),
        sender_(sender),
        session_(context_->parts.limits, context_->parts.sink, context_->declarations, sender_) {}

  void Begin();
  void Drain();

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  struct Answer {
    tocsin::v1::PushResponse response;
    bool ready = false;
  };

  // Decodes and submits what was read, then reads on.
  void Work(std::unique_ptr<BudgetLease> room);
  absl::StatusOr<PushSamples> Decode(BudgetLease& room);
  void Submit(PushSamples request);
  std::shared_ptr<Answer> Reserve(const PushSamples& request);
  void Committed(const std::shared_ptr<Answer>& answer, const absl::Status& status, size_t samples,
                 const RejectTally& rejected);
  void EndInput(const grpc::Status& status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Starts whatever may start now: a read, a write, the end.
  void Advance() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WriteFront() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Constant after construction.
  PushService& service_;  // gone once OnDone returns
  const std::shared_ptr<PushContext> context_;
  const std::string sender_;

  // Touched only between a read's completion and the start of the next one, by one thread at a
  // time.
  PushSession session_;
  grpc::ByteBuffer request_;

  // Guarded by mutex_.
  Mutex mutex_;
  std::deque<std::shared_ptr<Answer>> answers_ ABSL_GUARDED_BY(mutex_);
  grpc::ByteBuffer response_ ABSL_GUARDED_BY(mutex_);
  bool reading_ ABSL_GUARDED_BY(mutex_) =
      false;  // from the start of a read until its samples are submitted
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool input_ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool gone_ ABSL_GUARDED_BY(mutex_) = false;  // no answer can reach the client any more
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::Status end_status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::ingest
