#include "tests/promql/tree_text.h"

#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rules/promql/functions.h"
#include "rules/promql/number.h"

namespace tocsin::promql {
namespace {

std::string Quoted(const std::string& text) {
  return absl::StrCat("'", absl::CHexEscape(text), "'");
}

std::string Names(const std::vector<std::string>& names) {
  return absl::StrCat("[", absl::StrJoin(names, " "), "]");
}

std::string Modifiers(const std::optional<AtModifier>& at, absl::Duration offset) {
  std::string out;
  if (at.has_value() && at->kind == AtModifier::Kind::kTime) {
    absl::StrAppend(&out, " @", at->time.millis(), "ms");
  } else if (at.has_value()) {
    absl::StrAppend(&out, at->kind == AtModifier::Kind::kStart ? " @start" : " @end");
  }
  if (offset != absl::ZeroDuration()) {
    absl::StrAppend(&out, " offset=", absl::ToInt64Milliseconds(offset), "ms");
  }
  return out;
}

std::string MatcherText(const Matcher& matcher) {
  static constexpr const char* kOps[] = {"=", "!=", "=~", "!~"};
  return absl::StrCat(matcher.name, kOps[static_cast<int>(matcher.op)], Quoted(matcher.value));
}

std::string SelectorText(const VectorSelector& selector) {
  std::vector<std::string> parts;
  for (const Matcher& matcher : selector.matchers) parts.push_back(MatcherText(matcher));
  return absl::StrCat(selector.metric, "{", absl::StrJoin(parts, " "), "}",
                      Modifiers(selector.at, selector.offset));
}

std::string SubqueryText(const Subquery& subquery) {
  const std::string step = subquery.step.has_value()
                               ? absl::StrCat(absl::ToInt64Milliseconds(*subquery.step), "ms")
                               : "";
  return absl::StrCat("(subquery ", TreeText(*subquery.expr), " ",
                      absl::ToInt64Milliseconds(subquery.range), "ms:", step,
                      Modifiers(subquery.at, subquery.offset), ")");
}

std::string MatchingText(const VectorMatching& matching) {
  static constexpr const char* kCardinality[] = {"one-to-one", "many-to-one", "one-to-many",
                                                 "many-to-many"};
  std::string out = absl::StrCat(" ", kCardinality[static_cast<int>(matching.cardinality)]);
  if (matching.on || !matching.labels.empty()) {
    absl::StrAppend(&out, matching.on ? " on" : " ignoring", Names(matching.labels));
  }
  if (!matching.include.empty()) absl::StrAppend(&out, " include", Names(matching.include));
  return out;
}

std::string BinaryText(const BinaryExpr& binary) {
  return absl::StrCat("(", BinaryOpName(binary.op), binary.return_bool ? " bool" : "",
                      binary.matching.has_value() ? MatchingText(*binary.matching) : "", " ",
                      TreeText(*binary.lhs), " ", TreeText(*binary.rhs), ")");
}

std::string AggregateText(const AggregateExpr& aggregate) {
  return absl::StrCat("(", AggregateOpName(aggregate.op), aggregate.without ? " without" : " by",
                      Names(aggregate.grouping), " ",
                      aggregate.param != nullptr ? TreeText(*aggregate.param) + " " : "",
                      TreeText(*aggregate.expr), ")");
}

}  // namespace

std::string TreeText(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kNumber: {
      const auto& number = As<NumberLiteral>(expr);
      return absl::StrCat(FormatNumber(number.value), number.is_duration ? "s" : "");
    }
    case ExprKind::kString:
      return Quoted(As<StringLiteral>(expr).value);
    case ExprKind::kVectorSelector:
      return SelectorText(As<VectorSelector>(expr));
    case ExprKind::kMatrixSelector: {
      const auto& matrix = As<MatrixSelector>(expr);
      return absl::StrCat("(range ", SelectorText(*matrix.selector), " ",
                          absl::ToInt64Milliseconds(matrix.range), "ms)");
    }
    case ExprKind::kSubquery:
      return SubqueryText(As<Subquery>(expr));
    case ExprKind::kUnary: {
      const auto& unary = As<UnaryExpr>(expr);
      return absl::StrCat("(", unary.negate ? "neg " : "pos ", TreeText(*unary.expr), ")");
    }
    case ExprKind::kBinary:
      return BinaryText(As<BinaryExpr>(expr));
    case ExprKind::kAggregate:
      return AggregateText(As<AggregateExpr>(expr));
    case ExprKind::kCall: {
      const auto& call = As<CallExpr>(expr);
      std::string out = absl::StrCat("(", call.function->name);
      for (const ExprPtr& arg : call.args) absl::StrAppend(&out, " ", TreeText(*arg));
      return out + ")";
    }
    case ExprKind::kParen:
      return absl::StrCat("(paren ", TreeText(*As<ParenExpr>(expr).expr), ")");
  }
  return "?";
}

}  // namespace tocsin::promql
