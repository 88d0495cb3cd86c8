#include "integrations/ingest/otlp_client.h"

#include <algorithm>
#include <climits>
#include <cmath>
#include <utility>

#include <grpcpp/generic/generic_stub.h>

#include "absl/strings/str_cat.h"
#include "integrations/ingest/rpc.h"
#include "proto/opentelemetry/proto/collector/metrics/v1/metrics_service.pb.h"

namespace tocsin::ingest {
namespace {

constexpr char kExport[] = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";

// One call in raw bytes that the calling thread waits for.
class UnaryCall {
 public:
  UnaryCall(grpc::GenericStub& stub, absl::string_view request, const OtlpClientOptions& options) {
    const grpc::Slice slice(request.data(), request.size(), grpc::Slice::STATIC_SLICE);
    request_ = grpc::ByteBuffer(&slice, 1);
    context_.set_deadline(
        gpr_time_from_millis(absl::ToInt64Milliseconds(options.attempt_timeout), GPR_TIMESPAN));
    if (!options.token.empty()) {
      context_.AddMetadata("authorization", absl::StrCat("Bearer ", options.token.Reveal()));
    }
    stub.UnaryCall(&context_, kExport, grpc::StubOptions(), &request_, &response_,
                   [this](grpc::Status status) {
                     MutexLock lock(mutex_);
                     status_ = std::move(status);
                     done_ = true;
                     changed_.NotifyOne();
                   });
  }
  grpc::Status Await() {
    MutexLock lock(mutex_);
    while (!done_) changed_.Wait(mutex_);
    return status_;
  }
  const grpc::ByteBuffer& response() const { return response_; }

 private:
  grpc::ClientContext context_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;

  Mutex mutex_;
  CondVar changed_;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::Status status_ ABSL_GUARDED_BY(mutex_);
};

absl::StatusOr<OtlpPushed> ReadAnswer(const grpc::ByteBuffer& response) {
  const absl::StatusOr<MessageBytes> bytes = MessageBytes::From(response, INT_MAX, nullptr);
  if (!bytes.ok()) return bytes.status();
  opentelemetry::proto::collector::metrics::v1::ExportMetricsServiceResponse message;
  if (!message.ParseFromArray(bytes->view().data(), static_cast<int>(bytes->view().size()))) {
    return absl::InternalError("the server's answer is not OTLP");
  }
  return OtlpPushed{message.partial_success().rejected_data_points(),
                    message.partial_success().error_message()};
}

}  // namespace

struct OtlpClient::Connection {
  explicit Connection(const OtlpClientOptions& options)
      : stub(OwnChannel(options.target, options.security)) {}
  grpc::GenericStub stub;
};

OtlpClient::OtlpClient(OtlpClientOptions options, Random& random)
    : options_(std::move(options)),
      random_(random),
      connection_(std::make_unique<Connection>(options_)) {}

OtlpClient::~OtlpClient() = default;

absl::StatusOr<OtlpPushed> OtlpClient::Push(absl::string_view request) {
  for (int attempt = 1;; ++attempt) {
    absl::Duration retry_after = -absl::InfiniteDuration();
    absl::StatusOr<OtlpPushed> answer = Attempt(request, retry_after);
    const bool retryable = retry_after >= absl::ZeroDuration();
    if (answer.ok() || !retryable || attempt >= options_.attempts_max) return answer;
    Wait(Pause(attempt, retry_after));
  }
}

// `retry_after` becomes zero or more if the request may be sent again.
absl::StatusOr<OtlpPushed> OtlpClient::Attempt(absl::string_view request,
                                               absl::Duration& retry_after) {
  UnaryCall call(connection_->stub, request, options_);
  const grpc::Status status = call.Await();
  asked_to_wait_ = RetryDelayOf(status);
  if (status.ok()) return ReadAnswer(call.response());
  if (IsRetryable(status)) retry_after = asked_to_wait_;
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

absl::Duration OtlpClient::Pause(int attempt, absl::Duration retry_after) {
  const absl::Duration backoff =
      std::min(options_.backoff_max, options_.backoff_min * std::exp2(std::min(attempt - 1, 20)));
  return std::max(retry_after, backoff * (0.5 + random_.Uniform() / 2));
}

void OtlpClient::Wait(absl::Duration span) {
  MutexLock lock(wait_mutex_);
  while (wait_.WaitFor(wait_mutex_, span)) {
  }
}

}  // namespace tocsin::ingest
