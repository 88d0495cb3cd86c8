// What of the language compiles.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/query/graph/compile.h"
#include "engine/query/range_function.h"
#include "rules/promql/functions.h"

namespace tocsin::engine {
namespace {

using promql::As;
using promql::Expr;
using promql::ExprKind;
using promql::ParseError;

bool IsSupportedFunction(absl::string_view name) {
  constexpr absl::string_view kOthers[] = {"absent",
                                           "absent_over_time",
                                           "histogram_fraction",
                                           "histogram_quantile",
                                           "label_join",
                                           "label_replace",
                                           "pi",
                                           "scalar",
                                           "sort",
                                           "sort_by_label",
                                           "sort_by_label_desc",
                                           "sort_desc",
                                           "time",
                                           "vector"};
  return IsRangeFunction(name) || IsSimpleFunction(name) || IsHistogramFunction(name) ||
         std::find(std::begin(kOthers), std::end(kOthers), name) != std::end(kOthers);
}

ParseError NotYet(const Expr& expr, absl::string_view what) {
  return {expr.span, absl::StrCat("not supported yet: ", what), ""};
}

std::optional<ParseError> InAggregate(const promql::AggregateExpr& expr) {
  if (expr.op == promql::AggregateOp::kLimitk || expr.op == promql::AggregateOp::kLimitRatio) {
    return NotYet(expr, promql::AggregateOpName(expr.op));
  }
  if (auto error = FindUnsupported(*expr.expr)) return error;
  return expr.param ? FindUnsupported(*expr.param) : std::nullopt;
}

std::optional<ParseError> InCall(const promql::CallExpr& call) {
  if (!IsSupportedFunction(call.function->name)) {
    return NotYet(call, absl::StrCat(call.function->name, "()"));
  }
  for (const promql::ExprPtr& arg : call.args) {
    if (auto error = FindUnsupported(*arg)) return error;
  }
  return std::nullopt;
}

std::optional<ParseError> InBinary(const promql::BinaryExpr& expr) {
  if (auto error = FindUnsupported(*expr.lhs)) return error;
  return FindUnsupported(*expr.rhs);
}

}  // namespace

std::optional<ParseError> FindUnsupported(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kSubquery:
      return FindUnsupported(*As<promql::Subquery>(expr).expr);
    case ExprKind::kUnary:
      return FindUnsupported(*As<promql::UnaryExpr>(expr).expr);
    case ExprKind::kBinary:
      return InBinary(As<promql::BinaryExpr>(expr));
    case ExprKind::kAggregate:
      return InAggregate(As<promql::AggregateExpr>(expr));
    case ExprKind::kCall:
      return InCall(As<promql::CallExpr>(expr));
    case ExprKind::kParen:
      return FindUnsupported(*As<promql::ParenExpr>(expr).expr);
    case ExprKind::kNumber:
    case ExprKind::kString:
    case ExprKind::kVectorSelector:
    case ExprKind::kMatrixSelector:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace tocsin::engine
