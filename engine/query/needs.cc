// Which series and how much of them an expression reads.
#include <algorithm>

#include "engine/query/query_engine.h"

namespace tocsin::engine {
namespace {

using promql::As;
using promql::Expr;
using promql::ExprKind;

// Where a part is evaluated, seen from the query's evaluation time.
struct Context {
  absl::Duration back;     // as far back as this
  absl::Duration offset;   // at the latest moved back by this
  bool unbounded = false;  // inside `@`
};

class Collector {
 public:
  explicit Collector(const QueryOptions& options) : options_(options) {}

  void Visit(const Expr& expr, const Context& context) {
    switch (expr.kind) {
      case ExprKind::kVectorSelector:
        return Select(As<promql::VectorSelector>(expr), options_.lookback, context);
      case ExprKind::kMatrixSelector: {
        const auto& matrix = As<promql::MatrixSelector>(expr);
        return Select(*matrix.selector, matrix.range, context);
      }
      case ExprKind::kSubquery: {
        const auto& subquery = As<promql::Subquery>(expr);
        return Visit(*subquery.expr, {context.back + subquery.offset + subquery.range,
                                      context.offset + subquery.offset,
                                      context.unbounded || subquery.at.has_value()});
      }
      case ExprKind::kUnary:
        return Visit(*As<promql::UnaryExpr>(expr).expr, context);
      case ExprKind::kParen:
        return Visit(*As<promql::ParenExpr>(expr).expr, context);
      case ExprKind::kBinary:
        Visit(*As<promql::BinaryExpr>(expr).lhs, context);
        return Visit(*As<promql::BinaryExpr>(expr).rhs, context);
      case ExprKind::kAggregate: {
        const auto& aggregate = As<promql::AggregateExpr>(expr);
        if (aggregate.param) Visit(*aggregate.param, context);
        return Visit(*aggregate.expr, context);
      }
      case ExprKind::kCall:
        for (const promql::ExprPtr& arg : As<promql::CallExpr>(expr).args) Visit(*arg, context);
        return;
      case ExprKind::kNumber:
      case ExprKind::kString:
        return;
    }
  }

  std::vector<SelectorNeed> Take() { return std::move(needs_); }

 private:
  void Select(const promql::VectorSelector& selector, absl::Duration range,
              const Context& context) {
    SelectorNeed need;
    need.matchers = selector.matchers;
    need.reach = std::max(absl::ZeroDuration(), context.back + selector.offset + range);
    need.ahead = std::max(absl::ZeroDuration(), -(context.offset + selector.offset));
    need.unbounded = context.unbounded || selector.at.has_value();
    needs_.push_back(std::move(need));
  }

  const QueryOptions& options_;
  std::vector<SelectorNeed> needs_;
};

}  // namespace

std::vector<SelectorNeed> QueryEngine::Needs(const promql::Expr& expr,
                                             const QueryOptions& options) {
  Collector collector(options);
  collector.Visit(expr, {});
  return collector.Take();
}

}  // namespace tocsin::engine
