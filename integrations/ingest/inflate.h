#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tocsin::ingest {

// Inflates gzip or zlib framing (what gRPC calls gzip and deflate), whichever it finds, never
// holding more than `bytes_max` of the result (plus one buffer).
// Errors: ResourceExhausted beyond bytes_max; InvalidArgument if the bytes are damaged.
absl::StatusOr<std::string> Inflate(absl::string_view bytes, size_t bytes_max);

}  // namespace tocsin::ingest
