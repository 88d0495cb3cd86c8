#pragma once

#include <cstddef>
#include <string>

#include <google/protobuf/descriptor.h>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "integrations/ingest/budget.h"

namespace tocsin::ingest {

// A message of OTLP in JSON, as it would be on the wire: decoders then know one form only. Reads
// JSON piece by piece, so that nothing but the result takes memory.
//
// The JSON of protobuf, in which OTLP differs: trace and span ids are hexadecimal, enums are
// numbers (names are taken too), unknown names are passed over. 64-bit integers may be numbers or
// texts. Lengths are written in five bytes each, so the result is no shortest form.
//
// `room`, unless null, is charged what the result takes, as it grows. Pure, any thread.
// Errors: InvalidArgument, with the place, if it is not JSON or not such a message;
// ResourceExhausted beyond `bytes_max` bytes of result; Unavailable if there is no room.
absl::StatusOr<std::string> WireFromJson(absl::string_view json,
                                         const google::protobuf::Descriptor& message,
                                         size_t bytes_max, BudgetLease* room);

}  // namespace tocsin::ingest
