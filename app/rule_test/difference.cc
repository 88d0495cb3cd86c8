#include "app/rule_test/difference.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "rules/promql/quote.h"

namespace tocsin::app {
namespace {

using Lines = std::vector<std::string>;
using Items = std::vector<const ComparedItem*>;

void AppendItems(const char* title, const std::vector<ComparedItem>& items, Lines& lines) {
  lines.push_back(absl::StrCat(title, ":", items.empty() ? " nothing" : ""));
  for (const ComparedItem& item : items) {
    const char* mark = "  - ";
    for (const std::string& line : item.shown) lines.push_back(std::exchange(mark, "    ") + line);
  }
}

size_t SharedFields(const ComparedItem& a, const ComparedItem& b) {
  return static_cast<size_t>(
      std::count_if(a.fields.begin(), a.fields.end(), [&](const auto& field) {
        const auto other = b.fields.find(field.first);
        return other != b.fields.end() && other->second == field.second;
      }));
}

// The two that have most in common; {missing.size(), 0} if no two have anything.
std::pair<size_t, size_t> MostAlike(const Items& missing, const Items& unexpected) {
  std::pair<size_t, size_t> best(missing.size(), 0);
  size_t most = 0;
  for (size_t m = 0; m < missing.size(); ++m) {
    for (size_t u = 0; u < unexpected.size(); ++u) {
      const size_t shared = SharedFields(*missing[m], *unexpected[u]);
      if (shared > most) {
        most = shared;
        best = {m, u};
      }
    }
  }
  return best;
}

void AppendWhole(const char* mark, const ComparedItem& item, Lines& lines) {
  for (const std::string& line : item.shown) lines.push_back(absl::StrCat("  ", mark, " ", line));
}

void AppendFields(const ComparedItem& missing, const ComparedItem& unexpected, Lines& lines) {
  const auto differs = [](const ComparedItem& other, const auto& field) {
    const auto same = other.fields.find(field.first);
    return same == other.fields.end() || same->second != field.second;
  };
  for (const auto& field : missing.fields) {
    if (differs(unexpected, field)) {
      lines.push_back(absl::StrCat("  - ", field.first, " ", field.second));
    }
  }
  for (const auto& field : unexpected.fields) {
    if (differs(missing, field)) {
      lines.push_back(absl::StrCat("  + ", field.first, " ", field.second));
    }
  }
}

void AppendDiff(Items missing, Items unexpected, Lines& lines) {
  // Comparing all with all takes long, and nobody reads that much.
  constexpr size_t kComparedMax = 100;
  lines.push_back("diff (- exp, + got):");
  while (missing.size() <= kComparedMax && unexpected.size() <= kComparedMax) {
    const auto [m, u] = MostAlike(missing, unexpected);
    if (m == missing.size()) break;
    AppendFields(*missing[m], *unexpected[u], lines);
    missing.erase(missing.begin() + static_cast<std::ptrdiff_t>(m));
    unexpected.erase(unexpected.begin() + static_cast<std::ptrdiff_t>(u));
  }
  for (const ComparedItem* item : missing) AppendWhole("-", *item, lines);
  for (const ComparedItem* item : unexpected) AppendWhole("+", *item, lines);
}

}  // namespace

std::vector<std::string> Difference(const std::vector<ComparedItem>& expected,
                                    const std::vector<ComparedItem>& got,
                                    const std::function<bool(size_t e, size_t g)>& same) {
  std::vector<bool> taken(got.size(), false);
  Items missing;
  for (size_t e = 0; e < expected.size(); ++e) {
    size_t g = 0;
    while (g < got.size() && (taken[g] || !same(e, g))) ++g;
    if (g < got.size()) {
      taken[g] = true;
    } else {
      missing.push_back(&expected[e]);
    }
  }
  Items unexpected;
  for (size_t g = 0; g < got.size(); ++g) {
    if (!taken[g]) unexpected.push_back(&got[g]);
  }
  Lines lines;
  if (missing.empty() && unexpected.empty()) return lines;
  AppendItems("exp", expected, lines);
  AppendItems("got", got, lines);
  AppendDiff(std::move(missing), std::move(unexpected), lines);
  return lines;
}

std::string ShowTexts(const rules::TextMap& texts) {
  std::string shown = "{";
  for (const auto& [name, value] : texts) {
    absl::StrAppend(&shown, shown.size() > 1 ? ", " : "", name, "=", promql::Quote(value));
  }
  return shown + "}";
}

}  // namespace tocsin::app
