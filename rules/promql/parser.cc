#include "rules/promql/parser.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/promql/grammar.h"
#include "rules/promql/size_check.h"
#include "rules/promql/type_check.h"

namespace tocsin::promql {
namespace {

std::optional<ParseError> CheckLength(absl::string_view text, const ParseOptions& options) {
  if (text.size() <= options.text_bytes_max) return std::nullopt;
  return ParseError{{options.text_bytes_max, text.size()},
                    absl::StrCat("expression is longer than ", options.text_bytes_max, " bytes"),
                    ""};
}

bool IsContinuation(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

}  // namespace

ParseResult ParseExpr(absl::string_view text, const ParseOptions& options) {
  ParseResult result;
  result.error = CheckLength(text, options);
  if (result.error.has_value()) return result;
  Grammar grammar(text, options);
  ExprPtr expr = grammar.ParseWhole();
  result.error = expr == nullptr ? grammar.error() : TypeCheck(*expr);
  if (!result.error.has_value()) result.error = CheckSize(*expr, options, result.size);
  if (!result.error.has_value()) result.expr = std::move(expr);
  return result;
}

std::string FormatParseError(absl::string_view text, const ParseError& error) {
  size_t line = 1;
  size_t column = 1;
  for (const char byte : text.substr(0, error.span.begin)) {
    if (byte == '\n') {
      ++line;
      column = 1;
    } else if (!IsContinuation(byte)) {
      ++column;
    }
  }
  return absl::StrCat(line, ":", column, ": ", error.message,
                      error.hint.empty() ? "" : absl::StrCat(" (", error.hint, ")"));
}

absl::StatusOr<std::vector<Matcher>> ParseMetricSelector(absl::string_view text) {
  const ParseOptions options;
  if (auto error = CheckLength(text, options)) {
    return absl::ResourceExhaustedError(FormatParseError(text, *error));
  }
  Grammar grammar(text, options);
  const std::unique_ptr<VectorSelector> selector = grammar.ParseWholeSelector();
  if (selector == nullptr) {
    return absl::InvalidArgumentError(FormatParseError(text, *grammar.error()));
  }
  return std::move(selector->matchers);
}

}  // namespace tocsin::promql
