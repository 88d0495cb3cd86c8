#include "rules/promql/printer.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/check.h"
#include "rules/promql/functions.h"
#include "rules/promql/lexer.h"
#include "rules/promql/number.h"
#include "rules/promql/quote.h"

namespace tocsin::promql {
namespace {

bool IsLabelName(absl::string_view name) {
  if (name.empty() || absl::ascii_isdigit(static_cast<unsigned char>(name[0]))) return false;
  for (const char c : name) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '_') return false;
  }
  return true;
}

// Whether the name can stand in front of the braces.
bool IsBareMetric(absl::string_view name) {
  if (name.empty() || absl::ascii_isdigit(static_cast<unsigned char>(name[0]))) return false;
  for (const char c : name) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '_' && c != ':') return false;
  }
  switch (WordKind(name)) {
    case TokenKind::kNumber:
    case TokenKind::kBool:
    case TokenKind::kOn:
    case TokenKind::kIgnoring:
    case TokenKind::kGroupLeft:
    case TokenKind::kGroupRight:
    case TokenKind::kAtan2:
      return false;
    default:
      return true;
  }
}

std::string PrintLabel(const std::string& name) {
  return IsLabelName(name) && WordKind(name) != TokenKind::kNumber ? name : Quote(name);
}

std::string PrintLabels(const std::vector<std::string>& labels) {
  return absl::StrCat("(",
                      absl::StrJoin(labels, ", ",
                                    [](std::string* out, const std::string& label) {
                                      absl::StrAppend(out, PrintLabel(label));
                                    }),
                      ")");
}

absl::string_view MatchOpText(MatchOp op) {
  switch (op) {
    case MatchOp::kEqual:
      return "=";
    case MatchOp::kNotEqual:
      return "!=";
    case MatchOp::kRegex:
      return "=~";
    case MatchOp::kNotRegex:
      return "!~";
  }
  TOCSIN_CHECK(false) << "match operator " << static_cast<int>(op);
  return "";
}

// Seconds with three decimals.
std::string PrintSeconds(Timestamp t) {
  const int64_t ms = t.millis();
  const uint64_t magnitude = ms < 0 ? 0 - static_cast<uint64_t>(ms) : static_cast<uint64_t>(ms);
  std::string millis = absl::StrCat(magnitude % 1000);
  millis.insert(0, 3 - millis.size(), '0');
  return absl::StrCat(ms < 0 ? "-" : "", magnitude / 1000, ".", millis);
}

std::string PrintModifiers(const std::optional<AtModifier>& at, absl::Duration offset) {
  std::string out;
  if (at.has_value()) {
    switch (at->kind) {
      case AtModifier::Kind::kTime:
        absl::StrAppend(&out, " @ ", PrintSeconds(at->time));
        break;
      case AtModifier::Kind::kStart:
        absl::StrAppend(&out, " @ start()");
        break;
      case AtModifier::Kind::kEnd:
        absl::StrAppend(&out, " @ end()");
        break;
    }
  }
  if (offset != absl::ZeroDuration()) absl::StrAppend(&out, " offset ", PrintDuration(offset));
  return out;
}

// Name and braces, without modifiers.
std::string PrintSeries(const VectorSelector& selector) {
  const bool bare = IsBareMetric(selector.metric);
  std::vector<std::string> inside;
  for (size_t i = 0; i < selector.matchers.size(); ++i) {
    const Matcher& matcher = selector.matchers[i];
    const bool is_metric = i == 0 && !selector.metric.empty();
    if (!is_metric) {
      inside.push_back(PrintMatcher(matcher));
    } else if (!bare) {
      inside.push_back(Quote(selector.metric));
    }
  }
  const std::string name = bare ? selector.metric : "";
  if (bare && inside.empty()) return name;
  return absl::StrCat(name, "{", absl::StrJoin(inside, ","), "}");
}

std::string PrintNumber(const NumberLiteral& number) {
  if (number.is_duration) {
    // Exact: a duration literal is a whole number of milliseconds.
    const std::string text = PrintDuration(
        absl::Milliseconds(static_cast<int64_t>(std::llround(std::fabs(number.value) * 1000.0))));
    return absl::StrCat(std::signbit(number.value) ? "-" : "", text);
  }
  // A sign would be an operator of its own: `Inf ^ 2` is not `+Inf ^ 2`.
  return std::isinf(number.value) && number.value > 0 ? "Inf" : FormatNumberShort(number.value);
}

std::string PrintSubquery(const Subquery& subquery) {
  return absl::StrCat(Print(*subquery.expr), "[", PrintDuration(subquery.range), ":",
                      subquery.step.has_value() ? PrintDuration(*subquery.step) : "", "]",
                      PrintModifiers(subquery.at, subquery.offset));
}

std::string PrintMatching(const VectorMatching& matching) {
  const bool grouped = matching.cardinality == Cardinality::kManyToOne ||
                       matching.cardinality == Cardinality::kOneToMany;
  if (!matching.on && matching.labels.empty() && !grouped) return "";
  std::string out =
      absl::StrCat(matching.on ? "on " : "ignoring ", PrintLabels(matching.labels), " ");
  if (!grouped) return out;
  const bool left = matching.cardinality == Cardinality::kManyToOne;
  return absl::StrCat(out, left ? "group_left " : "group_right ", PrintLabels(matching.include),
                      " ");
}

std::string PrintBinary(const BinaryExpr& binary) {
  return absl::StrCat(
      Print(*binary.lhs), " ", BinaryOpName(binary.op), " ", binary.return_bool ? "bool " : "",
      binary.matching.has_value() ? PrintMatching(*binary.matching) : "", Print(*binary.rhs));
}

std::string PrintAggregate(const AggregateExpr& aggregate) {
  std::string out(AggregateOpName(aggregate.op));
  if (aggregate.without) {
    absl::StrAppend(&out, " without ", PrintLabels(aggregate.grouping), " ");
  } else if (!aggregate.grouping.empty()) {
    absl::StrAppend(&out, " by ", PrintLabels(aggregate.grouping), " ");
  }
  return absl::StrCat(out, "(",
                      aggregate.param != nullptr ? absl::StrCat(Print(*aggregate.param), ", ") : "",
                      Print(*aggregate.expr), ")");
}

std::string PrintCall(const CallExpr& call) {
  return absl::StrCat(call.function->name, "(",
                      absl::StrJoin(call.args, ", ",
                                    [](std::string* out, const ExprPtr& arg) {
                                      absl::StrAppend(out, Print(*arg));
                                    }),
                      ")");
}

struct Unit {
  const char* name;
  uint64_t millis;
  bool only_if_exact;  // "90d" is easier to read than "12w6d"
};
constexpr std::array<Unit, 7> kUnits = {{{"y", 365ULL * 86'400'000, true},
                                         {"w", 7ULL * 86'400'000, true},
                                         {"d", 86'400'000, false},
                                         {"h", 3'600'000, false},
                                         {"m", 60'000, false},
                                         {"s", 1'000, false},
                                         {"ms", 1, false}}};

}  // namespace

std::string PrintDuration(absl::Duration duration) {
  const int64_t ms = absl::ToInt64Milliseconds(duration);
  if (ms == 0) return "0s";
  uint64_t rest = ms < 0 ? 0 - static_cast<uint64_t>(ms) : static_cast<uint64_t>(ms);
  std::string out = ms < 0 ? "-" : "";
  for (const Unit& unit : kUnits) {
    if (rest < unit.millis || (unit.only_if_exact && rest % unit.millis != 0)) continue;
    absl::StrAppend(&out, rest / unit.millis, unit.name);
    rest %= unit.millis;
  }
  return out;
}

std::string PrintMatcher(const Matcher& matcher) {
  const std::string name = IsLabelName(matcher.name) ? matcher.name : Quote(matcher.name);
  return absl::StrCat(name, MatchOpText(matcher.op), Quote(matcher.value));
}

std::string Print(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kNumber:
      return PrintNumber(As<NumberLiteral>(expr));
    case ExprKind::kString:
      return Quote(As<StringLiteral>(expr).value);
    case ExprKind::kVectorSelector: {
      const auto& selector = As<VectorSelector>(expr);
      return PrintSeries(selector) + PrintModifiers(selector.at, selector.offset);
    }
    case ExprKind::kMatrixSelector: {
      const auto& matrix = As<MatrixSelector>(expr);
      return absl::StrCat(PrintSeries(*matrix.selector), "[", PrintDuration(matrix.range), "]",
                          PrintModifiers(matrix.selector->at, matrix.selector->offset));
    }
    case ExprKind::kSubquery:
      return PrintSubquery(As<Subquery>(expr));
    case ExprKind::kUnary: {
      const auto& unary = As<UnaryExpr>(expr);
      return absl::StrCat(unary.negate ? "-" : "+", Print(*unary.expr));
    }
    case ExprKind::kBinary:
      return PrintBinary(As<BinaryExpr>(expr));
    case ExprKind::kAggregate:
      return PrintAggregate(As<AggregateExpr>(expr));
    case ExprKind::kCall:
      return PrintCall(As<CallExpr>(expr));
    case ExprKind::kParen:
      return absl::StrCat("(", Print(*As<ParenExpr>(expr).expr), ")");
  }
  TOCSIN_CHECK(false) << "expression kind " << static_cast<int>(expr.kind);
  return "";
}

}  // namespace tocsin::promql
