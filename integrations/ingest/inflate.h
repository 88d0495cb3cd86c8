#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tocsin::ingest {

// Whether `bytes` begin as gzip does. No protobuf message can: 0x1f is a tag of a wire type that
// does not exist.
inline bool IsGzip(absl::string_view bytes) {
  return bytes.size() >= 2 && bytes[0] == '\x1f' && bytes[1] == '\x8b';
}

// Inflates gzip, never holding more than `bytes_max` of the result (plus one buffer).
// Errors: ResourceExhausted beyond bytes_max; InvalidArgument if the bytes are damaged.
absl::StatusOr<std::string> Gunzip(absl::string_view bytes, size_t bytes_max);

}  // namespace tocsin::ingest
