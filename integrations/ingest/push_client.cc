#include "integrations/ingest/push_client.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "integrations/ingest/rpc.h"
#include "proto/tocsin/v1/ingest.grpc.pb.h"

namespace tocsin::ingest {

struct PushClient::Stream {
  explicit Stream(const std::string& target)
      : channel(OwnChannel(target)), stub(v1::Ingest::NewStub(channel)) {}

  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::Ingest::Stub> stub;
  grpc::ClientContext context;
  std::unique_ptr<grpc::ClientReaderWriter<v1::PushRequest, v1::PushResponse>> call;
  std::thread reader;
};

PushClient::PushClient(PushClientOptions options) : options_(std::move(options)) {}

PushClient::~PushClient() {
  (void)Close();
}

absl::Status PushClient::Open() {
  (void)Close();
  stream_ = std::make_unique<Stream>(options_.target);
  const auto deadline =
      gpr_time_from_millis(absl::ToInt64Milliseconds(options_.connect_timeout), GPR_TIMESPAN);
  if (!stream_->channel->WaitForConnected(deadline)) {
    stream_.reset();
    return absl::UnavailableError(absl::StrCat("cannot connect to ", options_.target));
  }
  stream_->call = stream_->stub->Push(&stream_->context);
  declared_ = 0;
  std::vector<Request> requests;
  if (!series_.empty()) requests.push_back(MakeRequest({}));
  {
    MutexLock lock(mutex_);
    broken_ = false;
    in_flight_.insert(in_flight_.end(), to_resend_.begin(), to_resend_.end());
    to_resend_.clear();
    for (Request& request : in_flight_) {
      // What only declared is said by the new first request.
      if (request.samples > 0) requests.push_back(std::move(request));
    }
    in_flight_.clear();
  }
  stream_->reader = std::thread([this] { ReadAnswers(); });
  return Send(requests);
}

uint32_t PushClient::Declare(const Labels& labels) {
  const auto [known, added] =
      references_.try_emplace(labels, static_cast<uint32_t>(series_.size()));
  if (added) series_.push_back(labels);
  return known->second;
}

PushClient::Request PushClient::MakeRequest(const Samples& samples) {
  auto message = std::make_shared<v1::PushRequest>();
  message->set_sequence(next_sequence_++);
  for (; declared_ < series_.size(); ++declared_) {
    v1::SeriesDeclaration* declaration = message->add_declare();
    declaration->set_reference(static_cast<uint32_t>(declared_));
    for (const LabelView& label : series_[declared_]) {
      v1::Label* out = declaration->add_labels();
      out->set_name(std::string(label.name));
      out->set_value(std::string(label.value));
    }
  }
  message->mutable_references()->Add(samples.references.begin(), samples.references.end());
  message->mutable_values()->Add(samples.values.begin(), samples.values.end());
  message->mutable_times_delta_ms()->Reserve(static_cast<int>(samples.times_ms.size()));
  int64_t previous_ms = 0;
  for (int64_t time_ms : samples.times_ms) {
    message->add_times_delta_ms(time_ms - previous_ms);
    previous_ms = time_ms;
  }
  const uint64_t sequence = message->sequence();
  return {sequence, samples.references.size(), std::move(message)};
}

absl::Status PushClient::Push(const Samples& samples) {
  TOCSIN_CHECK(samples.references.size() == samples.times_ms.size() &&
               samples.references.size() == samples.values.size());
  TOCSIN_CHECK(options_.in_flight_max > 0);
  TOCSIN_RETURN_IF_ERROR(WaitUntilAtMost(options_.in_flight_max - 1));
  return Send({MakeRequest(samples)});
}

absl::Status PushClient::Flush() {
  return WaitUntilAtMost(0);
}

absl::Status PushClient::Send(const std::vector<Request>& requests) {
  if (!stream_) return absl::UnavailableError("not connected");
  {
    // All of them before the first write: its answer may come before the write returns, and if the
    // stream breaks none may be forgotten.
    MutexLock lock(mutex_);
    in_flight_.insert(in_flight_.end(), requests.begin(), requests.end());
  }
  for (const Request& request : requests) {
    if (!stream_->call->Write(*request.message)) return Close();
  }
  return absl::OkStatus();
}

absl::Status PushClient::WaitUntilAtMost(size_t in_flight) {
  while (true) {
    bool broken = false;
    {
      MutexLock lock(mutex_);
      while (!broken_ && to_resend_.empty() && in_flight_.size() > in_flight) changed_.Wait(mutex_);
      broken = broken_;
      if (!broken && to_resend_.empty()) return absl::OkStatus();
    }
    if (broken) return Close();
    TOCSIN_RETURN_IF_ERROR(Resend());
  }
}

absl::Status PushClient::Resend() {
  std::vector<Request> requests;
  {
    MutexLock lock(mutex_);
    while (!broken_ && changed_.WaitFor(mutex_, resend_after_)) {
    }
    requests.swap(to_resend_);
    totals_.retried_requests += requests.size();
  }
  return Send(requests);
}

void PushClient::ReadAnswers() {
  v1::PushResponse answer;
  while (stream_->call->Read(&answer)) {
    MutexLock lock(mutex_);
    TakeAnswer(answer);
    changed_.NotifyAll();
  }
  MutexLock lock(mutex_);
  broken_ = true;
  changed_.NotifyAll();
}

void PushClient::TakeAnswer(const v1::PushResponse& answer) {
  // Answers come in the order of the requests.
  if (in_flight_.empty() || in_flight_.front().sequence != answer.sequence()) return;
  Request request = std::move(in_flight_.front());
  in_flight_.pop_front();
  if (answer.retry_after_ms() > 0) {
    resend_after_ = absl::Milliseconds(answer.retry_after_ms());
    to_resend_.push_back(std::move(request));
    return;
  }
  totals_.acknowledged_samples +=
      request.samples - std::min<uint64_t>(request.samples, answer.rejected_samples());
  totals_.rejected_samples += answer.rejected_samples();
  if (!answer.reason().empty()) totals_.last_reason = answer.reason();
}

absl::Status PushClient::Close() {
  if (!stream_) return absl::UnavailableError("not connected");
  bool broken = false;
  {
    MutexLock lock(mutex_);
    broken = broken_;
  }
  if (!broken) stream_->context.TryCancel();
  stream_->reader.join();
  const grpc::Status status = stream_->call->Finish();
  stream_.reset();
  if (status.ok()) return absl::UnavailableError("the server ended the stream");
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

PushClientTotals PushClient::totals() const {
  MutexLock lock(mutex_);
  return totals_;
}

}  // namespace tocsin::ingest
