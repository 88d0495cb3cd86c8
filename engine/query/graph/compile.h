#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "engine/query/graph/graph.h"
#include "engine/query/operators.h"
#include "engine/query/query_engine.h"
#include "engine/query/series_set.h"
#include "rules/promql/ast.h"

namespace tocsin::engine {

// Turns expressions into operators of a graph.
class Compiler {
 public:
  // An operator that may have something to say, and the part of the text it speaks of.
  struct Speaker {
    const Operator* op = nullptr;
    promql::Span span;
    int part = 0;  // the notes it is about, see Note
  };

  // `query_time` is where QueryEngine leaves the time of each evaluation. `behind` as for
  // QueryEngine::Add().
  Compiler(Graph& graph, SeriesSets& sets, SeriesTable& table, const QueryOptions& options,
           const int64_t* query_time, absl::Duration behind)
      : graph_(graph),
        sets_(sets),
        table_(table),
        options_(options),
        query_time_(query_time),
        times_(absl::StrCat(absl::ToInt64Milliseconds(behind))) {}

  // A vector or scalar. Errors as QueryEngine::Add().
  absl::StatusOr<OperatorPtr> Compile(const promql::Expr& expr);
  // The same, with labels as users see them.
  absl::StatusOr<OperatorPtr> CompileResult(const promql::Expr& expr);

  // A range vector as the result.
  absl::StatusOr<std::shared_ptr<RangeVector>> CompileRange(const promql::Expr& expr) {
    return Range(expr);
  }

  const std::vector<Speaker>& speakers() const { return speakers_; }

 private:
  using Ops = std::vector<OperatorPtr>;
  // The operator of `kind` over these inputs, shared if it exists.
  OperatorPtr Share(const std::string& kind, const Ops& inputs,
                    const std::function<OperatorPtr()>& make);

  // `op`, whose notes are about `span`.
  OperatorPtr Speaking(promql::Span span, OperatorPtr op);

  absl::StatusOr<SelectorSource> Source(const promql::VectorSelector& selector);
  absl::StatusOr<OperatorPtr> Selector(const promql::VectorSelector& selector, bool take_time);
  absl::StatusOr<std::shared_ptr<RangeVector>> Range(const promql::Expr& expr);
  absl::StatusOr<std::shared_ptr<RangeVector>> MatrixWindow(const promql::MatrixSelector& selector);
  absl::StatusOr<std::shared_ptr<RangeVector>> SubqueryRange(const promql::Subquery& subquery);
  absl::StatusOr<OperatorPtr> Unary(const promql::UnaryExpr& expr);
  absl::StatusOr<OperatorPtr> Binary(const promql::BinaryExpr& expr);
  absl::StatusOr<OperatorPtr> Aggregate(const promql::AggregateExpr& expr);
  // compile_call.cc
  absl::StatusOr<OperatorPtr> Call(const promql::CallExpr& call);
  absl::StatusOr<OperatorPtr> RangeCall(const promql::CallExpr& call);
  absl::StatusOr<OperatorPtr> AbsentCall(const promql::CallExpr& call);
  absl::StatusOr<OperatorPtr> LabelCall(const promql::CallExpr& call);
  absl::StatusOr<OperatorPtr> HistogramCall(const promql::CallExpr& call);
  absl::StatusOr<OperatorPtr> SortCall(const promql::CallExpr& call);
  absl::StatusOr<OperatorPtr> SimpleCall(const promql::CallExpr& call);
  TimeShift Shift(absl::Duration offset, const std::optional<promql::AtModifier>& at) const;

  Graph& graph_;
  SeriesSets& sets_;
  SeriesTable& table_;
  const QueryOptions& options_;
  const int64_t* const query_time_;
  std::vector<Speaker> speakers_;
  int depth_ = 0;  // of subqueries
  // Which times the operators are evaluated at: how far behind, and the steps of the subqueries
  // around them. Only those with the same times are shared, for others would move each other's
  // windows back and forth, and each move reads a window anew.
  std::string times_;
};

// What compiles. The first part that does not, with its span.
std::optional<promql::ParseError> FindUnsupported(const promql::Expr& expr);

// The string of a string literal, in parentheses or not.
const std::string& StringOf(const promql::Expr& expr);

}  // namespace tocsin::engine
