#pragma once

#include <string>

#include "rules/promql/ast.h"

namespace tocsin::promql {

// The expression in Prometheus' own spelling. Parsing the result gives an equal tree; equal trees
// print equally, so the text is also the key under which operators are shared.
std::string Print(const Expr& expr);

std::string PrintMatcher(const Matcher& matcher);

// Go-style durations as PromQL writes them: "1h30m", "0s", "250ms".
std::string PrintDuration(absl::Duration duration);

}  // namespace tocsin::promql
