// Any text that is an expression the engine supports, on a small table:
//   - it compiles, or is refused with a message
//   - evaluations at several times give rows with a value each, or an error with a message
//   - the same evaluations again, in the same order in a new engine, and each one repeated, give
//   the
//     same bits
//   - the next change lies ahead, and what it was computed from does not

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "rules/promql/parser.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/query_table.h"

namespace tocsin::engine {
namespace {

constexpr size_t kTextBytesMax = 512;
constexpr int64_t kTimesMs[] = {600'000, 615'000, 660'000, 1'500'000, 300'000};

std::string Run(const promql::Expr& expr, absl::string_view text) {
  fuzz::QueryTable table;
  const auto query = table.engine().Add(expr, text);
  if (!query.ok()) {
    TOCSIN_CHECK(!query.status().message().empty());
    return std::string(query.status().message());
  }
  std::string all;
  for (const int64_t time_ms : kTimesMs) {
    const Timestamp t = Timestamp::FromMillis(time_ms);
    const std::string result = table.Evaluate(*query, t);
    const std::string repeated = table.Evaluate(*query, t);
    TOCSIN_CHECK(repeated == result) << "at " << time_ms << "\n" << result << "--\n" << repeated;
    TOCSIN_CHECK(table.engine().NextChange(*query, t) > t);
    for (const int64_t newest : table.engine().NewestInputs(*query)) {
      TOCSIN_CHECK(newest <= time_ms) << newest;
    }
    absl::StrAppend(&all, result, "\n");
  }
  table.engine().Remove(*query);
  TOCSIN_CHECK(table.engine().operators() == 0);
  return all;
}

void CheckExpression(absl::string_view text) {
  if (text.size() > kTextBytesMax) return;
  promql::ParseOptions options;
  options.experimental = true;
  const promql::ParseResult parsed = promql::ParseExpr(text, options);
  if (parsed.expr == nullptr || QueryEngine::Unsupported(*parsed.expr).has_value()) return;
  static_cast<void>(QueryEngine::Needs(*parsed.expr, {}));
  const std::string first = Run(*parsed.expr, text);
  const std::string second = Run(*parsed.expr, text);
  TOCSIN_CHECK(first == second) << first << "--\n" << second;
}

}  // namespace
}  // namespace tocsin::engine

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tocsin::engine::CheckExpression(tocsin::fuzz::Text(data, size));
  return 0;
}
