#pragma once

#include <string>

#include "rules/promql/ast.h"

namespace tocsin::promql {

// The whole tree in brackets, with everything but positions: two trees are equal exactly if their
// texts are. Short enough to be written by hand in a table: `(+ 1 (* 2 3))`.
std::string TreeText(const Expr& expr);

}  // namespace tocsin::promql
