#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/labels.h"

namespace google::protobuf {
class MessageLite;
}

namespace tocsin::storage {

// How values are written: one byte format version, then the body. Each kind of record counts its
// own versions; a version that is not known is refused, never guessed. Pure functions, any thread.
//
// Errors of all Decode functions: DataLoss (the bytes are not such a record), FailedPrecondition
// (written by a newer version of the program).

// LEB128, least significant group first, at most 10 bytes.
inline constexpr size_t kVarintBytesMax = 10;
void AppendVarint(std::string& out, uint64_t value);
// Takes a varint off the front of `in`; false (and `in` unspecified) if there is none.
bool TakeVarint(absl::string_view& in, uint64_t& value);

// A signed number, or a difference modulo 2^64, as one that is small if it is near 0: varints of
// such are short.
inline uint64_t ZigZag(uint64_t delta) {
  return (delta << 1) ^ static_cast<uint64_t>(static_cast<int64_t>(delta) >> 63);
}
inline uint64_t UnZigZag(uint64_t coded) {
  return (coded >> 1) ^ (~(coded & 1) + 1);
}

// Takes the version byte off the front of `value`. `what` names the record in the error.
absl::Status TakeVersion(absl::string_view& value, uint8_t newest, const char* what);

// A protobuf message of proto/tocsin/state/v1: alerts, outbox, history, silences, meta "clock".
std::string EncodeMessage(const google::protobuf::MessageLite& message);
absl::Status DecodeMessage(absl::string_view value, google::protobuf::MessageLite& message);

// The labels of a series: the canonical form of base/labels.h.
std::string EncodeLabels(const Labels& labels);
absl::StatusOr<Labels> DecodeLabels(absl::string_view value);

// A single number: meta "format" and "log_start".
std::string EncodeNumber(uint64_t number);
absl::StatusOr<uint64_t> DecodeNumber(absl::string_view value);

}  // namespace tocsin::storage
