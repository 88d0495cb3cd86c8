#pragma once

#include <functional>

#include "base/timestamp.h"
#include "rules/promql/ast.h"

namespace tocsin::promqltest {

// Calls fn for `expr` and all below it, parents first; below an expression only if fn(it) is true.
void Visit(promql::Expr& expr, const std::function<bool(promql::Expr&)>& fn);

// Whether `@ start()` or `@ end()` is used.
bool UsesRangeBounds(promql::Expr& expr);

// Puts `@ t` on the outermost selectors and subqueries, so that the result no longer depends on the
// evaluation time. False if it still would, because a function reads that time.
bool Pin(promql::Expr& expr, Timestamp t);

}  // namespace tocsin::promqltest
