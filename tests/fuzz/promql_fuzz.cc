// Any bytes as an expression:
//   - they are refused with a span inside the text and a message, or the tree prints to a text that
//     parses to the same tree, and prints to itself
//   - what is read as a duration or a matcher prints to one that reads the same

#include <string>

#include "base/check.h"
#include "rules/promql/duration.h"
#include "rules/promql/parser.h"
#include "rules/promql/printer.h"
#include "tests/fuzz/input.h"
#include "tests/promql/tree_text.h"

namespace tocsin::promql {
namespace {

void CheckExpression(absl::string_view text, const ParseOptions& options) {
  const ParseResult result = ParseExpr(text, options);
  TOCSIN_CHECK((result.expr == nullptr) == result.error.has_value());
  if (result.error.has_value()) {
    TOCSIN_CHECK(result.error->span.begin <= result.error->span.end);
    TOCSIN_CHECK(result.error->span.end <= text.size());
    TOCSIN_CHECK(!result.error->message.empty());
    TOCSIN_CHECK(!FormatParseError(text, *result.error).empty());
    return;
  }
  const std::string printed = Print(*result.expr);
  // Canonical spelling may be longer than what was written.
  if (printed.size() > options.text_bytes_max) return;
  const ParseResult again = ParseExpr(printed, options);
  TOCSIN_CHECK(!again.error.has_value()) << printed << ": " << again.error->message;
  TOCSIN_CHECK(TreeText(*again.expr) == TreeText(*result.expr)) << printed;
  TOCSIN_CHECK(Print(*again.expr) == printed) << printed;
}

void CheckDuration(absl::string_view text) {
  const auto duration = ParseDuration(text);
  if (!duration.ok()) return;
  const std::string printed = PrintDuration(*duration);
  const auto again = ParseDuration(printed);
  TOCSIN_CHECK(again.ok() && *again == *duration) << printed;
}

void CheckSelector(absl::string_view text) {
  const auto matchers = ParseMetricSelector(text);
  if (!matchers.ok()) {
    TOCSIN_CHECK(!matchers.status().message().empty());
    return;
  }
  for (const Matcher& matcher : *matchers) {
    const std::string printed = "{" + PrintMatcher(matcher) + "}";
    const auto again = ParseMetricSelector(printed);
    // On its own a matcher may match the empty string, which no selector may.
    if (!again.ok()) continue;
    TOCSIN_CHECK(again->size() == 1 && again->front().name == matcher.name &&
                 again->front().value == matcher.value && again->front().op == matcher.op)
        << printed;
  }
}

}  // namespace
}  // namespace tocsin::promql

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text = tocsin::fuzz::Text(data, size);
  tocsin::promql::ParseOptions options;
  tocsin::promql::CheckExpression(text, options);
  options.experimental = true;
  tocsin::promql::CheckExpression(text, options);
  tocsin::promql::CheckSelector(text);
  tocsin::promql::CheckDuration(text);
  return 0;
}
