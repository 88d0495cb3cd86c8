#pragma once

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace tocsin::ingest {

// The error of a sender that alone is too fast, and when it may come again: 429 over HTTP,
// RESOURCE_EXHAUSTED with RetryInfo over gRPC. Its code is ResourceExhausted.
absl::Status TooFastError(absl::Duration retry_after, absl::string_view message);

// When to come again, of a TooFastError; nullopt of any other.
std::optional<absl::Duration> RetryAfterOf(const absl::Status& status);

}  // namespace tocsin::ingest
