#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "integrations/ingest/budget.h"

namespace tocsin::ingest {

// How the body of an HTTP request is written.
enum class ContentEncoding {
  kIdentity,
  kGzip,
  kDeflate,  // zlib's framing
  kZstd,
  kSnappy,  // one block, as Prometheus' remote write sends it
};

// "gzip"
const char* ContentEncodingName(ContentEncoding encoding);
// The value of a Content-Encoding header, any case; "" is identity, "zstd1" zstd. nullopt: none of
// these, or several.
std::optional<ContentEncoding> ParseContentEncoding(absl::string_view text);

// The plain bytes; at most `bytes_max` of them. `room`, unless null, is charged what they take as
// it grows: what a sender claims costs others nothing. zstd takes up to 8 MiB beside that for its
// window.
// Errors: ResourceExhausted beyond bytes_max; InvalidArgument if the bytes are damaged; Unavailable
// if there is no room.
absl::StatusOr<std::string> Decompress(ContentEncoding encoding, absl::string_view bytes,
                                       size_t bytes_max, BudgetLease* room);

}  // namespace tocsin::ingest
