#pragma once

#include <optional>

#include "rules/promql/ast.h"
#include "rules/promql/parser.h"

namespace tocsin::promql {

// Measures a type-checked expression. Returns the first place where it exceeds nodes_max,
// regex_instructions_max or subquery_steps_max.
std::optional<ParseError> CheckSize(const Expr& expr, const ParseOptions& options, ExprSize& size);

}  // namespace tocsin::promql
