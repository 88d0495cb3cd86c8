#pragma once

#include <optional>

#include "absl/strings/string_view.h"
#include "rules/templates/value.h"

namespace tocsin::templates {

// A number as Go writes it: an int unless it has a point or an exponent. Nothing if malformed or
// too large.
std::optional<Value> ParseGoNumber(absl::string_view text);

// 'a', '\n': an int, as in Go.
std::optional<Value> ParseGoChar(absl::string_view text);

}  // namespace tocsin::templates
