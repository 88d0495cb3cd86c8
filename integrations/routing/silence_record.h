#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "integrations/routing/silence.h"

namespace tocsin::routing {

// A silence as a value of the family `silences` (state.v1.SilenceRecord). Pure functions, any
// thread. Errors: DataLoss (the bytes are none), FailedPrecondition (a newer program's).
std::string EncodeSilence(const Silence& silence);
absl::StatusOr<Silence> DecodeSilence(absl::string_view value);

}  // namespace tocsin::routing
