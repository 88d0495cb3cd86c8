// Any bytes: the parser refuses them with a span inside the text, or its tree prints to a text that
// parses to the same print. Series selectors and durations must only not crash.

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "rules/promql/duration.h"
#include "rules/promql/parser.h"
#include "rules/promql/printer.h"

namespace tocsin::promql {
namespace {

void CheckExpression(absl::string_view text, const ParseOptions& options) {
  const ParseResult result = ParseExpr(text, options);
  TOCSIN_CHECK((result.expr == nullptr) == result.error.has_value());
  if (result.error.has_value()) {
    TOCSIN_CHECK(result.error->span.begin <= result.error->span.end);
    TOCSIN_CHECK(result.error->span.end <= text.size());
    TOCSIN_CHECK(!FormatParseError(text, *result.error).empty());
    return;
  }
  const std::string printed = Print(*result.expr);
  const ParseResult again = ParseExpr(printed, options);
  // Canonical spelling may be longer than what was written.
  if (printed.size() > options.text_bytes_max) return;
  TOCSIN_CHECK(!again.error.has_value()) << printed << ": " << again.error->message;
  TOCSIN_CHECK(Print(*again.expr) == printed) << printed;
}

}  // namespace
}  // namespace tocsin::promql

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  tocsin::promql::ParseOptions options;
  tocsin::promql::CheckExpression(text, options);
  options.experimental = true;
  tocsin::promql::CheckExpression(text, options);
  static_cast<void>(tocsin::promql::ParseMetricSelector(text));
  static_cast<void>(tocsin::promql::ParseDuration(text));
  return 0;
}
