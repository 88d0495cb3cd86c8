#pragma once

#include <optional>

#include "rules/promql/ast.h"
#include "rules/promql/parser.h"

namespace tocsin::promql {

// Sets the types of `expr` and all below it, and the vector matching of binary expressions (present
// exactly between vectors). Returns the first mistake, inner ones first, worded as Prometheus does.
std::optional<ParseError> TypeCheck(Expr& expr);

}  // namespace tocsin::promql
