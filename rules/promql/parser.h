#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "rules/promql/ast.h"

namespace tocsin::promql {

// Why a text is no valid expression. `span` is what to underline; `message` is one sentence as
// Prometheus words it where it has such an error; `hint` may be empty ("did you mean rate?").
struct ParseError {
  Span span;
  std::string message;
  std::string hint;
};

struct ParseOptions {
  // Accept experimental functions, aggregations and modifiers (Prometheus' feature flag). Off:
  // refused by name.
  bool experimental = false;
  size_t depth_max = 128;         // nesting of parentheses, calls, signs and `^`
  size_t height_max = 1024;       // of the tree: each operator of a chain `a + b + c` adds one
  size_t text_bytes_max = 65536;  // length of the expression
};

struct ParseResult {
  ExprPtr expr;  // null exactly if `error` is set
  std::optional<ParseError> error;
};

// Parses and type-checks one expression. Pure; thread: any.
ParseResult ParseExpr(absl::string_view text, const ParseOptions& options = {});

// "line:column: message" within `text` (1-based, columns count code points), for callers without a
// file.
std::string FormatParseError(absl::string_view text, const ParseError& error);

// A series as test files and rule tests write it: `metric{label="value", ...}` without modifiers,
// also `{}`. The metric name comes first, as a matcher of `__name__`. Errors: InvalidArgument,
// "line:column: message".
absl::StatusOr<std::vector<Matcher>> ParseMetricSelector(absl::string_view text);

}  // namespace tocsin::promql
