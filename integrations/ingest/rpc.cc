#include "integrations/ingest/rpc.h"

#include <cstring>
#include <utility>
#include <vector>

#include <grpc/byte_buffer.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "base/status_macros.h"
#include "integrations/ingest/decompress.h"
#include "integrations/ingest/retry_after.h"
#include "integrations/ingest/sender.h"
#include "proto/google/rpc/status.pb.h"

namespace tocsin::ingest {
namespace {

constexpr char kRetryInfoUrl[] = "type.googleapis.com/google.rpc.RetryInfo";

// Whether the sender said that the message is compressed. The bytes alone do not tell: 0x08 0x1d
// begins both a deflated message and a plain one. gRPC keeps the word in the C buffer only, to
// which a ByteBuffer is a pointer and nothing else (its header asserts that).
bool IsCompressed(const grpc::ByteBuffer& message) {
  static_assert(sizeof(grpc::ByteBuffer) == sizeof(grpc_byte_buffer*));
  grpc_byte_buffer* buffer = nullptr;
  std::memcpy(&buffer, static_cast<const void*>(&message), sizeof(buffer));
  return buffer->type == GRPC_BB_RAW && buffer->data.raw.compression != GRPC_COMPRESS_NONE;
}

// How the bytes are compressed. What gRPC does not know by its name it hands on as if it were
// plain, without the name; but no message of a service here begins like those formats: the first
// byte of zstd's would be a number as field 5, that of snappy's framing is no field at all.
absl::StatusOr<ContentEncoding> EncodingOf(const grpc::ByteBuffer& message,
                                           absl::string_view bytes) {
  if (IsCompressed(message)) return ContentEncoding::kGzip;  // or deflate, read alike
  if (absl::StartsWith(bytes, "\x28\xb5\x2f\xfd")) return ContentEncoding::kZstd;
  if (absl::StartsWith(bytes, absl::string_view("\xff\x06\0\0sNaPpY", 10))) {
    return absl::UnimplementedError("snappy is not understood here; gzip, deflate and zstd are");
  }
  return ContentEncoding::kIdentity;
}

grpc::Status WithRetryInfo(grpc::StatusCode code, const std::string& message,
                           absl::Duration retry_after) {
  google::rpc::RetryInfo retry;
  const absl::Duration seconds = absl::Floor(retry_after, absl::Seconds(1));
  retry.mutable_retry_delay()->set_seconds(absl::ToInt64Seconds(seconds));
  retry.mutable_retry_delay()->set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(retry_after - seconds)));
  google::rpc::Status details;
  details.set_code(code);
  details.set_message(message);
  auto* any = details.add_details();
  any->set_type_url(kRetryInfoUrl);
  any->set_value(retry.SerializeAsString());
  return grpc::Status(code, message, details.SerializeAsString());
}

}  // namespace

bool IsPlainUpTo(const grpc::ByteBuffer& message, size_t bytes_max) {
  if (!message.Valid() || message.Length() > bytes_max) return !message.Valid();
  grpc::Slice slice;
  if (!message.TrySingleSlice(&slice).ok()) return false;
  const absl::string_view bytes(reinterpret_cast<const char*>(slice.begin()), slice.size());
  const auto encoding = EncodingOf(message, bytes);
  return encoding.ok() && *encoding == ContentEncoding::kIdentity;
}

absl::StatusOr<MessageBytes> MessageBytes::From(const grpc::ByteBuffer& message, size_t bytes_max,
                                                BudgetLease* room) {
  MessageBytes bytes;
  if (!message.Valid()) return bytes;  // an empty message
  if (!message.TrySingleSlice(&bytes.slice_).ok() &&
      !message.DumpToSingleSlice(&bytes.slice_).ok()) {
    return absl::InternalError("message cannot be read");
  }
  TOCSIN_ASSIGN_OR_RETURN(const ContentEncoding encoding, EncodingOf(message, bytes.slice_view()));
  if (encoding == ContentEncoding::kIdentity) return bytes;
  absl::StatusOr<std::string> inflated = Decompress(encoding, bytes.slice_view(), bytes_max, room);
  if (!inflated.ok()) return inflated.status();
  bytes.owned_ = *std::move(inflated);
  bytes.slice_ = grpc::Slice();
  return bytes;
}

std::string SenderOf(const std::string& peer) {
  const size_t family = peer.find(':');
  const size_t port = peer.rfind(':');
  // What is no address with a port, such as a Unix socket, is one sender.
  if (family == std::string::npos || port <= family || peer[0] != 'i') return peer;
  return SenderOfHost(absl::StrReplaceAll(peer.substr(family + 1, port - family - 1),
                                          {{"%5B", "["}, {"%5D", "]"}}));
}

grpc::Status ToGrpcStatus(const absl::Status& status, absl::Duration retry_after) {
  const auto code = static_cast<grpc::StatusCode>(status.raw_code());  // the same numbers
  const std::string message(status.message());
  const std::optional<absl::Duration> own = RetryAfterOf(status);
  if (!own && !absl::IsUnavailable(status)) return grpc::Status(code, message);
  return WithRetryInfo(code, message, own.value_or(retry_after));
}

absl::Duration RetryDelayOf(const grpc::Status& status) {
  google::rpc::Status details;
  if (!details.ParseFromString(status.error_details())) return absl::ZeroDuration();
  for (const auto& any : details.details()) {
    google::rpc::RetryInfo retry;
    if (any.type_url() != kRetryInfoUrl || !retry.ParseFromString(any.value())) continue;
    return absl::Seconds(retry.retry_delay().seconds()) +
           absl::Nanoseconds(retry.retry_delay().nanos());
  }
  return absl::ZeroDuration();
}

bool IsRetryable(const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::StatusCode::CANCELLED:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::ABORTED:
    case grpc::StatusCode::OUT_OF_RANGE:
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DATA_LOSS:
      return true;
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return RetryDelayOf(status) > absl::ZeroDuration();
    default:
      return false;
  }
}

std::shared_ptr<grpc::Channel> OwnChannel(const std::string& target,
                                          const ChannelSecurity& security) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  grpc::SslCredentialsOptions ssl;
  ssl.pem_root_certs = security.ca_pem;
  const auto credentials =
      security.tls ? grpc::SslCredentials(ssl) : grpc::InsecureChannelCredentials();
  return grpc::CreateCustomChannel(target, credentials, arguments);
}

const char* GrpcCodeName(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::OK:
      return "OK";
    case grpc::StatusCode::INVALID_ARGUMENT:
      return "INVALID_ARGUMENT";
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      return "RESOURCE_EXHAUSTED";
    case grpc::StatusCode::UNAVAILABLE:
      return "UNAVAILABLE";
    default:
      return "OTHER";
  }
}

}  // namespace tocsin::ingest
