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
  absl::Duration back;         // as far back as this
  absl::Duration offset;       // at the latest moved back by this
  bool unbounded = false;      // inside `@`
  bool at_query_time = false;  // inside `@ start()` or `@ end()` without a range
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
        Context inside = At(subquery.at, context);
        inside.back += subquery.offset + subquery.range;
        inside.offset += subquery.offset;
        return Visit(*subquery.expr, inside);
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
  // Where something with this modifier is evaluated.
  Context At(const std::optional<promql::AtModifier>& at, const Context& context) const {
    using Kind = promql::AtModifier::Kind;
    if (!at) return context;
    const bool fixed = at->kind == Kind::kTime ||
                       (at->kind == Kind::kStart ? options_.range_start : options_.range_end);
    Context there;
    there.unbounded = context.unbounded || fixed;
    there.at_query_time = !fixed;
    return there;
  }

  void Select(const promql::VectorSelector& selector, absl::Duration range,
              const Context& context) {
    const Context at = At(selector.at, context);
    SelectorNeed need;
    need.matchers = selector.matchers;
    need.reach = std::max(absl::ZeroDuration(), at.back + selector.offset + range);
    need.ahead = std::max(absl::ZeroDuration(), -(at.offset + selector.offset));
    need.unbounded = at.unbounded;
    need.at_query_time = at.at_query_time;
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
