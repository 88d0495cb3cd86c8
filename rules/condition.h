#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rules/rule.h"

namespace tocsin::rules {

// "> 900". InvalidArgument says what was expected.
absl::StatusOr<Condition> ParseCondition(absl::string_view text);

// Of a monitor whose value is its level as a number.
Condition AtLeast(Level level);

// Whether some value (also +-Inf, not NaN) fulfils the condition at all.
bool CanHold(const Condition& condition);
// Whether some value fulfils both.
bool Overlap(const Condition& a, const Condition& b);
// Whether some value fulfils `a` but not `b`.
bool CanHoldWithout(const Condition& a, const Condition& b);

}  // namespace tocsin::rules
