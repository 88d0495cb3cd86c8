#include "rules/condition.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "rules/promql/number.h"

namespace tocsin::rules {
namespace {

// A condition changes its answer only next to its bound, so these values stand for all.
std::array<double, 10> Representatives(const Condition& a, const Condition& b) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double kLargest = std::numeric_limits<double>::max();
  return {-kInfinity,
          -kLargest,
          std::nextafter(a.bound, -kInfinity),
          a.bound,
          std::nextafter(a.bound, kInfinity),
          std::nextafter(b.bound, -kInfinity),
          b.bound,
          std::nextafter(b.bound, kInfinity),
          kLargest,
          kInfinity};
}

}  // namespace

absl::StatusOr<Condition> ParseCondition(absl::string_view text) {
  constexpr std::pair<const char*, CompareOp> kOps[] = {
      {">=", CompareOp::kGreaterEqual}, {"<=", CompareOp::kLessEqual}, {"==", CompareOp::kEqual},
      {"!=", CompareOp::kNotEqual},     {">", CompareOp::kGreater},    {"<", CompareOp::kLess}};
  absl::string_view rest = absl::StripAsciiWhitespace(text);
  for (const auto& [symbol, op] : kOps) {
    const absl::string_view prefix(symbol);
    if (rest.substr(0, prefix.size()) != prefix) continue;
    rest = absl::StripLeadingAsciiWhitespace(rest.substr(prefix.size()));
    const absl::StatusOr<double> bound = promql::ParseNumber(rest);
    if (!bound.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("\"", rest, "\" is not a number"));
    }
    if (std::isnan(*bound)) return absl::InvalidArgumentError("nothing compares to NaN");
    return Condition{op, *bound};
  }
  if (promql::ParseNumber(rest).ok()) {
    return absl::InvalidArgumentError(absl::StrCat("an operator is missing before ", rest));
  }
  return absl::InvalidArgumentError(absl::StrCat("\"", rest, "\" is not a condition"));
}

Condition AtLeast(Level level) {
  return {CompareOp::kGreaterEqual, static_cast<double>(level)};
}

bool CanHold(const Condition& condition) {
  return Overlap(condition, condition);
}

bool Overlap(const Condition& a, const Condition& b) {
  const auto values = Representatives(a, b);
  return std::any_of(values.begin(), values.end(),
                     [&](double value) { return a.Holds(value) && b.Holds(value); });
}

bool CanHoldWithout(const Condition& a, const Condition& b) {
  const auto values = Representatives(a, b);
  return std::any_of(values.begin(), values.end(),
                     [&](double value) { return a.Holds(value) && !b.Holds(value); });
}

}  // namespace tocsin::rules
