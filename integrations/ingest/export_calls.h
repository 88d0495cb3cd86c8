#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/sample.h"
#include "base/timestamp.h"
#include "integrations/ingest/call_parts.h"
#include "integrations/ingest/ingest_metrics.h"

namespace tocsin::ingest {

// What a service made of a request.
struct DecodedExport {
  SampleBatch batch;
  uint64_t charged = 0;  // samples that the sender is charged (SenderRates)
  // Called once with what became of the batch; OK too if it was empty. Counts it, and returns the
  // response as bytes, or an error, which is answered instead.
  std::function<absl::StatusOr<std::string>(const absl::Status& committed)> reply;
};

// A request that is being decoded. Lives as long as the call.
struct ExportContext {
  std::string sender;
  Timestamp now;
  BudgetLease& room;
};

// The way of a unary call that exports something, the same for all services of OTLP: who may, how
// fast, room for its bytes, decoding when it is the sender's turn, the sink, the answer when it is
// durable.
//
// Thread: gRPC's callback threads, many at once; decodes there or on the workers' (CallParts);
// answers from whichever thread the sink calls back on. Borrows: all arguments of the constructor.
// Answers: as `reply` says; UNAVAILABLE with RetryInfo if the sink took nothing, the server is
// draining or too much is being decoded; RESOURCE_EXHAUSTED with RetryInfo for a sender that is too
// fast, without it beyond a limit on the request; INVALID_ARGUMENT if the bytes do not decode;
// UNAUTHENTICATED and PERMISSION_DENIED before anything is read of who may not.
class ExportCalls {
 public:
  using Decode = std::function<absl::StatusOr<DecodedExport>(absl::string_view message,
                                                             const ExportContext& context)>;

  ExportCalls(const CallParts& parts, IngestMetrics& metrics, Decode decode)
      : parts_(parts), metrics_(metrics), decode_(std::move(decode)) {}

  grpc::ServerUnaryReactor* Run(grpc::CallbackServerContext& context,
                                const grpc::ByteBuffer& request, grpc::ByteBuffer& response);

  // From now on new requests are answered UNAVAILABLE; those under way are finished.
  void Drain() { draining_ = true; }
  // Requests not answered yet.
  int under_way() const { return *under_way_; }

 private:
  struct Call;

  absl::Status Admit(const grpc::CallbackServerContext& context, Call& call);
  void Work(Call& call);
  absl::StatusOr<DecodedExport> Take(Call& call);
  void Answer(grpc::ServerUnaryReactor& reactor, grpc::ByteBuffer& response,
              const absl::StatusOr<std::string>& reply);

  // Constant after construction.
  const CallParts parts_;
  IngestMetrics& metrics_;
  const Decode decode_;

  // Safe from any thread.
  std::atomic<bool> draining_ = false;
  // Shared with answers that leave: with the last of them this may be gone.
  const std::shared_ptr<std::atomic<int>> under_way_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace tocsin::ingest
