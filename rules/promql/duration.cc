#include "rules/promql/duration.h"

#include <array>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tocsin::promql {
namespace {

struct Unit {
  const char* name;
  int64_t millis;
};

// From large to small. "m" is told from "ms" by the longest letters taken.
constexpr std::array<Unit, 7> kUnits = {{{"y", 365LL * 86'400'000},
                                         {"w", 7LL * 86'400'000},
                                         {"d", 86'400'000},
                                         {"h", 3'600'000},
                                         {"m", 60'000},
                                         {"s", 1'000},
                                         {"ms", 1}}};

constexpr int64_t kMillisMax = INT64_MAX / 1'000'000;  // 2^63 ns

absl::Status NotADuration(absl::string_view text) {
  return absl::InvalidArgumentError(absl::StrCat("not a valid duration string: \"", text, "\""));
}

// Cuts the longest prefix whose characters satisfy `is`.
template <typename Predicate>
absl::string_view Take(absl::string_view& rest, Predicate is) {
  size_t n = 0;
  while (n < rest.size() && is(static_cast<unsigned char>(rest[n]))) ++n;
  const absl::string_view taken = rest.substr(0, n);
  rest.remove_prefix(n);
  return taken;
}

}  // namespace

absl::StatusOr<absl::Duration> ParseDuration(absl::string_view text) {
  if (text.empty()) return absl::InvalidArgumentError("empty duration string");
  if (text == "0") return absl::ZeroDuration();
  absl::string_view rest = text;
  size_t next_unit = 0;
  int64_t total_ms = 0;
  bool out_of_range = false;
  while (!rest.empty()) {
    const absl::string_view digits = Take(rest, absl::ascii_isdigit);
    const absl::string_view name = Take(rest, absl::ascii_isalpha);
    while (next_unit < kUnits.size() && name != kUnits[next_unit].name) ++next_unit;
    if (digits.empty() || next_unit == kUnits.size()) return NotADuration(text);
    const int64_t unit_ms = kUnits[next_unit++].millis;
    int64_t count = 0;
    if (!absl::SimpleAtoi(digits, &count) || count > kMillisMax / unit_ms ||
        total_ms > kMillisMax - count * unit_ms) {
      out_of_range = true;  // unless the text is no duration at all
      continue;
    }
    total_ms += count * unit_ms;
  }
  if (out_of_range) return absl::InvalidArgumentError("duration out of range");
  return absl::Milliseconds(total_ms);
}

}  // namespace tocsin::promql
