#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "integrations/ingest/budget.h"

namespace tocsin::ingest {

// Inflates gzip or zlib framing (what gRPC calls gzip and deflate), whichever it finds, never
// holding more than `bytes_max` of the result (plus one buffer). `room`, unless null, is charged
// what the result takes, as it grows and not before: what a sender claims costs others nothing.
// Errors: ResourceExhausted beyond bytes_max; InvalidArgument if the bytes are damaged; Unavailable
// if there is no room.
absl::StatusOr<std::string> Inflate(absl::string_view bytes, size_t bytes_max, BudgetLease* room);

}  // namespace tocsin::ingest
