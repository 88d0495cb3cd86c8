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
  size_t nodes_max = 10'000;      // see ExprSize
  size_t regex_instructions_max = 100'000;
  // Of one subquery, over its own range and those around it. One without a step is counted with a
  // step of a minute: the step it will get is not known here.
  size_t subquery_steps_max = 1'000'000;
};

// What an expression costs wherever it runs, however few series there are.
struct ExprSize {
  size_t nodes = 0;               // operators, calls, literals, selectors and their matchers
  size_t regex_instructions = 0;  // of the compiled regexes; 8 to 16 bytes each
};

struct ParseResult {
  ExprPtr expr;  // null exactly if `error` is set
  std::optional<ParseError> error;
  ExprSize size;  // of `expr`
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
