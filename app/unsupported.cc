#include "app/unsupported.h"

#include <string>

#include "absl/strings/strip.h"
#include "engine/query/query_engine.h"

namespace tocsin::app {

std::optional<promql::ParseError> Unsupported(const promql::Expr& expr) {
  auto error = engine::QueryEngine::Unsupported(expr);
  if (!error) return std::nullopt;
  error->message = std::string(absl::StripPrefix(error->message, "not supported yet: "));
  return error;
}

}  // namespace tocsin::app
