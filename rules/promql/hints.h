#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace tocsin::promql {

// What the writer of an unknown function may have meant: "did you mean rate?", or empty.
std::string FunctionHint(absl::string_view name);

}  // namespace tocsin::promql
