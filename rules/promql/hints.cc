#include "rules/promql/hints.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "rules/promql/ast.h"
#include "rules/promql/functions.h"

namespace tocsin::promql {
namespace {

constexpr size_t kNameBytesMax = 64;

// Functions of Prometheus 2 and of other dialects that have another name here.
constexpr std::array<std::pair<const char*, const char*>, 3> kRenamed = {{
    {"holt_winters", "double_exponential_smoothing"},
    {"mean_over_time", "avg_over_time"},
    {"log", "ln"},
}};

// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`.
size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> before_previous(b.size() + 1);
  std::vector<size_t> previous(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  std::iota(previous.begin(), previous.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = previous[j - 1] + (a[i - 1] != b[j - 1]);
      row[j] = std::min({previous[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_previous[j - 2] + 1);
      }
    }
    before_previous.swap(previous);
    previous.swap(row);
  }
  return previous.back();
}

}  // namespace

std::string FunctionHint(absl::string_view name) {
  if (name.size() > kNameBytesMax) return "";
  const std::string lower = absl::AsciiStrToLower(name);
  for (const auto& [old_name, new_name] : kRenamed) {
    if (lower == old_name) return absl::StrCat("did you mean ", new_name, "?");
  }
  size_t best_distance = name.size() <= 4 ? 2 : 3;  // exclusive
  absl::string_view best;
  const auto consider = [&](absl::string_view candidate) {
    const size_t distance = EditDistance(lower, candidate);
    if (distance >= best_distance) return;
    best_distance = distance;
    best = candidate;
  };
  for (const Function& function : AllFunctions()) consider(function.name);
  for (int op = 0; op <= static_cast<int>(AggregateOp::kCountValues); ++op) {
    consider(AggregateOpName(static_cast<AggregateOp>(op)));
  }
  return best.empty() ? "" : absl::StrCat("did you mean ", best, "?");
}

}  // namespace tocsin::promql
