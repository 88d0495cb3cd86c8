#pragma once

#include <optional>

#include "rules/promql/ast.h"
#include "rules/promql/parser.h"

namespace tocsin::app {

// For rules::LoadOptions::unsupported: what the engine cannot evaluate, without the words "not
// supported yet", which the loader writes itself.
std::optional<promql::ParseError> Unsupported(const promql::Expr& expr);

}  // namespace tocsin::app
