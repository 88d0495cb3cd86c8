#include <algorithm>
#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rules/promql/duration.h"
#include "rules/promql/grammar.h"
#include "rules/promql/number.h"

namespace tocsin::promql {
namespace {

constexpr absl::string_view kExpected = "number or duration";

double Seconds(absl::Duration d) {
  return static_cast<double>(absl::ToInt64Milliseconds(d)) / 1000.0;
}

}  // namespace

std::optional<absl::Duration> Grammar::ParsePositiveDuration(absl::string_view context) {
  const size_t begin = Current().span.begin;
  const std::optional<double> seconds = ParseDurationSum(context);
  const Span span{begin, previous_end_};
  const std::optional<absl::Duration> duration = ToDuration(seconds, span);
  if (duration.has_value() && *duration <= absl::ZeroDuration()) {
    return Fail(span, "duration must be greater than 0"), std::nullopt;
  }
  return duration;
}

// [sign] term: arithmetic only in parentheses, so that `x offset 5m + y` stays an addition.
std::optional<absl::Duration> Grammar::ParseOffsetDuration() {
  const size_t begin = Current().span.begin;
  const bool negative = At(TokenKind::kSub);
  if (negative || At(TokenKind::kAdd)) Take();
  std::optional<double> seconds = ParseDurationTerm("offset");
  if (seconds.has_value() && negative) seconds = -*seconds;
  return ToDuration(seconds, {begin, previous_end_});
}

std::optional<absl::Duration> Grammar::ToDuration(std::optional<double> seconds, Span span) {
  if (!seconds.has_value()) return std::nullopt;
  constexpr double kSecondsMax = 9223372036.854775807;  // 2^63 ns
  if (!(std::fabs(*seconds) <= kSecondsMax)) {
    return Fail(span, "duration out of range"), std::nullopt;
  }
  return absl::Milliseconds(std::llround(*seconds * 1000.0));
}

std::optional<double> Grammar::ParseDurationSum(absl::string_view context) {
  std::optional<double> sum = ParseDurationProduct(context);
  while (sum.has_value() && (At(TokenKind::kAdd) || At(TokenKind::kSub))) {
    const bool add = Take().kind == TokenKind::kAdd;
    const std::optional<double> rhs = ParseDurationProduct(context);
    if (!rhs.has_value()) return std::nullopt;
    sum = add ? *sum + *rhs : *sum - *rhs;
  }
  return sum;
}

std::optional<double> Grammar::ParseDurationProduct(absl::string_view context) {
  std::optional<double> product = ParseDurationSigned(context);
  while (product.has_value() &&
         (At(TokenKind::kMul) || At(TokenKind::kDiv) || At(TokenKind::kMod))) {
    const Token op = Take();
    const std::optional<double> rhs = ParseDurationSigned(context);
    if (!rhs.has_value()) return std::nullopt;
    product = op.kind == TokenKind::kMul ? *product * *rhs : DivideDurations(op, *product, *rhs);
  }
  return product;
}

std::optional<double> Grammar::DivideDurations(const Token& op, double lhs, double rhs) {
  const bool divide = op.kind == TokenKind::kDiv;
  if (rhs == 0) return Fail(op.span, divide ? "division by zero" : "modulo by zero"), std::nullopt;
  return divide ? lhs / rhs : std::fmod(lhs, rhs);
}

std::optional<double> Grammar::ParseDurationSigned(absl::string_view context) {
  if (!At(TokenKind::kAdd) && !At(TokenKind::kSub)) return ParseDurationPower(context);
  const Nesting nesting(*this);
  if (!nesting.ok()) return std::nullopt;
  const bool negate = Take().kind == TokenKind::kSub;
  const std::optional<double> value = ParseDurationSigned(context);
  if (!value.has_value()) return std::nullopt;
  return negate ? -*value : *value;
}

std::optional<double> Grammar::ParseDurationPower(absl::string_view context) {
  const std::optional<double> base = ParseDurationTerm(context);
  if (!base.has_value() || !TakeIf(TokenKind::kPow)) return base;
  const Nesting nesting(*this);
  if (!nesting.ok()) return std::nullopt;
  const std::optional<double> exponent = ParseDurationSigned(context);
  if (!exponent.has_value()) return std::nullopt;
  return std::pow(*base, *exponent);
}

std::optional<double> Grammar::ParseDurationTerm(absl::string_view context) {
  const bool called = Ahead().kind == TokenKind::kLeftParen;
  switch (Current().kind) {
    case TokenKind::kNumber:
    case TokenKind::kDuration:
      break;
    case TokenKind::kStepWord:
    case TokenKind::kRangeWord:
      if (!called) return FailUnexpected(context, kExpected), std::nullopt;
      Fail(Current().span, absl::StrCat("not supported yet: ", Current().text, "() in a duration"));
      return std::nullopt;
    case TokenKind::kAggregate:
      return ParseDurationMinMax(context);
    case TokenKind::kLeftParen: {
      const Nesting nesting(*this);
      if (!nesting.ok()) return std::nullopt;
      Take();
      const std::optional<double> inner = ParseDurationSum(context);
      if (!inner.has_value() || !Expect(TokenKind::kRightParen, context, "\")\"")) {
        return std::nullopt;
      }
      return inner;
    }
    default:
      return FailUnexpected(context, kExpected), std::nullopt;
  }
  const Token token = Take();
  if (token.kind == TokenKind::kNumber) {
    const absl::StatusOr<double> number = ParseNumberLiteral(token.text);
    if (number.ok()) return *number;
    Fail(token.span, absl::StrCat("error parsing number: ", number.status().message()));
    return std::nullopt;
  }
  const absl::StatusOr<absl::Duration> duration = ParseDuration(token.text);
  if (duration.ok()) return Seconds(*duration);
  return Fail(token.span, std::string(duration.status().message())), std::nullopt;
}

// min(a, b) and max(a, b).
std::optional<double> Grammar::ParseDurationMinMax(absl::string_view context) {
  const bool least = absl::EqualsIgnoreCase(Current().text, "min");
  const bool most = absl::EqualsIgnoreCase(Current().text, "max");
  if ((!least && !most) || Ahead().kind != TokenKind::kLeftParen) {
    return FailUnexpected(context, kExpected), std::nullopt;
  }
  const Nesting nesting(*this);
  if (!nesting.ok()) return std::nullopt;
  Take();
  Take();
  const std::optional<double> a = ParseDurationSum(context);
  if (!a.has_value() || !Expect(TokenKind::kComma, context, "\",\"")) return std::nullopt;
  const std::optional<double> b = ParseDurationSum(context);
  if (!b.has_value() || !Expect(TokenKind::kRightParen, context, "\")\"")) return std::nullopt;
  return least ? std::min(*a, *b) : std::max(*a, *b);
}

}  // namespace tocsin::promql
