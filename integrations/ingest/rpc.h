#pragma once

#include <memory>
#include <string>

#include <grpcpp/channel.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "integrations/ingest/budget.h"

namespace tocsin::ingest {

// The bytes of a received message as one view, inflated if it came as gzip, deflate or zstd. Copies
// only if it was compressed or gRPC holds it in several pieces. gRPC itself would inflate without
// bound, so it is told to leave that to us.
class MessageBytes {
 public:
  // ResourceExhausted if more than `bytes_max` after inflation; InvalidArgument if the
  // compressed data are damaged; Unimplemented if they are snappy's.
  // `room`, unless null, is charged what the message inflates to, beside what it takes as it came;
  // Unavailable if there is none.
  static absl::StatusOr<MessageBytes> From(const grpc::ByteBuffer& message, size_t bytes_max,
                                           BudgetLease* room);

  absl::string_view view() const {
    return owned_.empty() ? slice_view() : absl::string_view(owned_);
  }

 private:
  absl::string_view slice_view() const {
    return {reinterpret_cast<const char*>(slice_.begin()), slice_.size()};
  }

  grpc::Slice slice_;  // shares gRPC's memory
  std::string owned_;
};

// Whether a message is as it will be decoded, and no larger than that.
bool IsPlainUpTo(const grpc::ByteBuffer& message, size_t bytes_max);

// What to answer when nothing of a request was taken. Unavailable and TooFastError carry RetryInfo
// (google.rpc), which OTLP senders wait for; every other error means: do not send it again.
grpc::Status ToGrpcStatus(const absl::Status& status, absl::Duration retry_after);

// The host of gRPC's name for a peer, without the port, which changes with each connection:
// "ipv4:10.0.0.1:50000" -> "10.0.0.1", "ipv6:%5B::1%5D:50000" -> "[::1]".
std::string SenderOf(const std::string& peer);

// How long a server asked to wait, zero if it did not say.
absl::Duration RetryDelayOf(const grpc::Status& status);
// Whether the same request may succeed later (the OTLP specification's table).
bool IsRetryable(const grpc::Status& status);

// How a client speaks to a server.
struct ChannelSecurity {
  bool tls = false;
  std::string ca_pem;  // who signs the server's certificate; "": whom the system trusts
};

// A channel to `target` with a connection of its own: by default gRPC lets all channels to one
// target share one.
std::shared_ptr<grpc::Channel> OwnChannel(const std::string& target,
                                          const ChannelSecurity& security = {});

// "OK", "UNAVAILABLE", ...: the words of the gRPC specification.
const char* GrpcCodeName(grpc::StatusCode code);

}  // namespace tocsin::ingest
