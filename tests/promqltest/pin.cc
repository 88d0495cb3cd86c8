#include "tests/promqltest/pin.h"

#include <set>
#include <string>

#include "rules/promql/functions.h"

namespace tocsin::promqltest {
namespace {

using promql::Expr;
using promql::ExprKind;

template <typename T>
T& As(Expr& expr) {
  return static_cast<T&>(expr);
}

bool ReadsTheTime(const std::string& function) {
  static const std::set<std::string> names = {
      "days_in_month", "day_of_month", "day_of_week",    "day_of_year", "hour",     "minute",
      "month",         "year",         "predict_linear", "time",        "timestamp"};
  return names.count(function) > 0;
}

// The `@` of a selector or subquery; null for other expressions.
std::optional<promql::AtModifier>* AtOf(Expr& expr) {
  if (expr.kind == ExprKind::kVectorSelector) return &As<promql::VectorSelector>(expr).at;
  if (expr.kind == ExprKind::kMatrixSelector) return &As<promql::MatrixSelector>(expr).selector->at;
  if (expr.kind == ExprKind::kSubquery) return &As<promql::Subquery>(expr).at;
  return nullptr;
}

}  // namespace

void Visit(Expr& expr, const std::function<bool(Expr&)>& fn) {
  if (!fn(expr)) return;
  switch (expr.kind) {
    case ExprKind::kSubquery:
      return Visit(*As<promql::Subquery>(expr).expr, fn);
    case ExprKind::kUnary:
      return Visit(*As<promql::UnaryExpr>(expr).expr, fn);
    case ExprKind::kParen:
      return Visit(*As<promql::ParenExpr>(expr).expr, fn);
    case ExprKind::kBinary:
      Visit(*As<promql::BinaryExpr>(expr).lhs, fn);
      return Visit(*As<promql::BinaryExpr>(expr).rhs, fn);
    case ExprKind::kAggregate:
      if (As<promql::AggregateExpr>(expr).param) Visit(*As<promql::AggregateExpr>(expr).param, fn);
      return Visit(*As<promql::AggregateExpr>(expr).expr, fn);
    case ExprKind::kCall:
      for (promql::ExprPtr& arg : As<promql::CallExpr>(expr).args) Visit(*arg, fn);
      return;
    case ExprKind::kNumber:
    case ExprKind::kString:
    case ExprKind::kVectorSelector:
    case ExprKind::kMatrixSelector:
      return;
  }
}

bool UsesRangeBounds(Expr& root) {
  bool uses = false;
  Visit(root, [&](Expr& expr) {
    const auto* at = AtOf(expr);
    if (at != nullptr && at->has_value()) {
      uses = uses || (*at)->kind != promql::AtModifier::Kind::kTime;
    }
    return true;
  });
  return uses;
}

bool Pin(Expr& root, Timestamp t) {
  bool pinned = true;
  Visit(root, [&](Expr& expr) {
    if (expr.kind == ExprKind::kCall && ReadsTheTime(As<promql::CallExpr>(expr).function->name)) {
      pinned = false;
    }
    auto* at = AtOf(expr);
    if (at != nullptr && !at->has_value()) {
      *at = promql::AtModifier{promql::AtModifier::Kind::kTime, t};
    }
    return at == nullptr;  // below a pinned subquery the time is its own
  });
  return pinned;
}

}  // namespace tocsin::promqltest
