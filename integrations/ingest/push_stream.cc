#include "integrations/ingest/push_stream.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "base/status_macros.h"
#include "integrations/ingest/retry_after.h"

namespace tocsin::ingest {
namespace {

// A decoding error must not be mistaken for overload, and Unavailable carries when to come back.
absl::Status Draining() {
  return absl::UnavailableError("draining");
}

uint32_t RetryAfterMs(absl::Duration retry_after) {
  return static_cast<uint32_t>(std::max<int64_t>(1, absl::ToInt64Milliseconds(retry_after)));
}

}  // namespace

void PushStream::Begin() {
  MutexLock lock(mutex_);
  Advance();
}

void PushStream::Drain() {
  MutexLock lock(mutex_);
  EndInput(ToGrpcStatus(Draining(), context_->parts.retry_after));
  Advance();
}

void PushStream::OnReadDone(bool ok) {
  {
    MutexLock lock(mutex_);
    if (!ok) EndInput(grpc::Status::OK);  // the client is done, or gone
    if (input_ended_) {
      reading_ = false;
      Advance();
      return;
    }
  }
  auto room = std::make_unique<BudgetLease>(context_->parts.decode_bytes, sender_);
  context_->parts.Decode(sender_, request_,
                         [self = shared_from_this(), room = std::move(room)]() mutable {
                           self->Work(std::move(room));
                         });
}

void PushStream::Work(std::unique_ptr<BudgetLease> room) {
  absl::StatusOr<PushSamples> request = Decode(*room);
  room.reset();  // before anybody hears the answer, and comes with more
  if (request.ok()) {
    Submit(*std::move(request));
  } else {
    const grpc::Status status = ToGrpcStatus(request.status(), context_->parts.retry_after);
    context_->metrics.AddRequest(GrpcCodeName(status.error_code()));
    MutexLock lock(mutex_);
    EndInput(status);
  }
  MutexLock lock(mutex_);
  reading_ = false;
  Advance();
}

absl::StatusOr<PushSamples> PushStream::Decode(BudgetLease& room) {
  TOCSIN_RETURN_IF_ERROR(room.Grow(request_.Length()));
  TOCSIN_ASSIGN_OR_RETURN(
      const MessageBytes bytes,
      MessageBytes::From(request_, context_->parts.limits.request_bytes_max, &room));
  context_->metrics.AddBytes(bytes.view().size());
  TOCSIN_RETURN_IF_ERROR(room.Grow(session_.BytesToDecode(bytes.view().size())));
  return session_.Decode(bytes.view(), context_->parts.clock.Now());
}

void PushStream::Submit(PushSamples request) {
  const std::shared_ptr<Answer> answer = Reserve(request);
  const size_t samples = request.batch.size();
  const uint64_t charged = samples + request.rejected.total() + SamplesOfBytes(request_.Length());
  auto committed = [self = shared_from_this(), answer, samples,
                    rejected = std::move(request.rejected)](const absl::Status& status) {
    self->Committed(answer, status, samples, rejected);
  };
  SenderRates& rates = context_->parts.rates;
  // What it declares is taken in any case: it was told once.
  const absl::Status may = samples == 0 ? absl::OkStatus() : rates.Admit(sender_);
  if (may.ok()) rates.Charge(sender_, charged);
  if (samples == 0 || !may.ok()) {
    committed(may);
  } else {
    context_->parts.sink.SubmitFrom(sender_, std::move(request.batch), std::move(committed));
  }
}

std::shared_ptr<PushStream::Answer> PushStream::Reserve(const PushSamples& request) {
  auto answer = std::make_shared<Answer>();
  answer->response.set_sequence(request.sequence);
  answer->response.set_rejected_samples(request.rejected.total());
  answer->response.set_reason(request.rejected.Describe());
  MutexLock lock(mutex_);
  answers_.push_back(answer);
  return answer;
}

void PushStream::Committed(const std::shared_ptr<Answer>& answer, const absl::Status& status,
                           size_t samples, const RejectTally& rejected) {
  context_->metrics.AddRequest(GrpcCodeName(static_cast<grpc::StatusCode>(status.raw_code())));
  if (status.ok()) {
    context_->metrics.AddSamples(samples);
    context_->metrics.AddRejected(rejected);
  }
  MutexLock lock(mutex_);
  if (!status.ok()) {
    answer->response.clear_rejected_samples();
    answer->response.set_reason(std::string(status.message()));
    answer->response.set_retry_after_ms(
        RetryAfterMs(RetryAfterOf(status).value_or(context_->parts.retry_after)));
  }
  answer->ready = true;
  Advance();
}

void PushStream::OnWriteDone(bool ok) {
  MutexLock lock(mutex_);
  writing_ = false;
  if (!ok) gone_ = true;
  Advance();
}

void PushStream::OnCancel() {
  MutexLock lock(mutex_);
  gone_ = true;
  Advance();
}

void PushStream::OnDone() {
  service_.Forget(shared_from_this());
}

void PushStream::EndInput(const grpc::Status& status) {
  if (input_ended_) return;
  input_ended_ = true;
  end_status_ = status;
}

void PushStream::Advance() {
  if (finished_) return;
  if (gone_) {
    EndInput(grpc::Status(grpc::StatusCode::CANCELLED, "the client is gone"));
    answers_.clear();
  }
  if (!writing_ && !answers_.empty() && answers_.front()->ready) WriteFront();
  if (!input_ended_ && !reading_ && answers_.size() < context_->unanswered_max) {
    reading_ = true;
    StartRead(&request_);
  }
  if (input_ended_ && !writing_ && answers_.empty()) {
    finished_ = true;
    Finish(end_status_);
  }
}

void PushStream::WriteFront() {
  const grpc::Slice slice(answers_.front()->response.SerializeAsString());
  answers_.pop_front();
  response_ = grpc::ByteBuffer(&slice, 1);
  writing_ = true;
  StartWrite(&response_);
}

}  // namespace tocsin::ingest
