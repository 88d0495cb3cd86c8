#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "rules/promql/functions.h"
#include "tests/support/naive/naive.h"

namespace tocsin::naive {

// One evaluation; the parts below are free functions that get it to know the options and to leave
// annotations.
class Evaluator {
 public:
  Evaluator(const Storage& storage, const engine::QueryOptions& options, int64_t start_ms,
            int64_t end_ms, Annotations* annotations)
      : storage_(storage),
        options_(options),
        start_ms_(start_ms),
        end_ms_(end_ms),
        annotations_(annotations) {}

  absl::StatusOr<Value> Eval(const promql::Expr& expr, int64_t t);

  // The samples an instant selector picks at `t`, each with its own time.
  absl::StatusOr<std::vector<Series>> Select(const promql::VectorSelector& selector,
                                             int64_t t) const;

  // Marks the metric name for removal, or removes it (without delayed removal).
  void DropName(Element* element) const;
  // Refuses equal label sets where Prometheus does.
  absl::Status CheckUnique(const std::vector<Element>& vector) const;

  // `what` ends with the position of `where`, as Prometheus prints it.
  void Warn(const std::string& what, const promql::Expr& where);
  void Info(const std::string& what, const promql::Expr& where);

  bool delayed_name_removal() const { return options_.delayed_name_removal; }
  bool in_range_query() const { return start_ms_ != end_ms_; }

 private:
  int64_t InstantOf(const std::optional<promql::AtModifier>& at, absl::Duration offset,
                    int64_t t) const;
  absl::StatusOr<Value> EvalMatrix(const promql::MatrixSelector& matrix, int64_t t);
  absl::StatusOr<Value> EvalSubquery(const promql::Subquery& subquery, int64_t t);
  absl::StatusOr<Value> EvalUnary(const promql::UnaryExpr& unary, int64_t t);
  absl::StatusOr<Value> EvalBinary(const promql::BinaryExpr& binary, int64_t t);
  absl::StatusOr<Value> EvalAggregate(const promql::AggregateExpr& aggregate, int64_t t);
  absl::StatusOr<Value> EvalCall(const promql::CallExpr& call, int64_t t);

  const Storage& storage_;
  const engine::QueryOptions& options_;
  const int64_t start_ms_;
  const int64_t end_ms_;
  Annotations* const annotations_;
};

// The error of two results with the same labels.
absl::Status DuplicateLabels();
Labels WithoutName(const Labels& labels);
HistogramPtr Scaled(const NativeHistogram& histogram, double factor);

// Those of a vector that are floats, those that are histograms.
std::vector<Element> Floats(const std::vector<Element>& vector);
std::vector<Element> Histograms(const std::vector<Element>& vector);

// binary.cc
absl::StatusOr<Value> Binary(Evaluator& evaluator, const promql::BinaryExpr& expr, Value lhs,
                             Value rhs);

// aggregate.cc
absl::StatusOr<Value> Aggregate(Evaluator& evaluator, const promql::AggregateExpr& expr,
                                const Value& input, const Value& param);

// A call with its arguments evaluated.
struct Call {
  const promql::CallExpr& expr;
  std::vector<Value> args;
  int64_t t_ms;
};

// Each answers Unimplemented if it does not know the function.
absl::StatusOr<Value> RangeFunction(Evaluator& evaluator, const Call& call);  // range_functions.cc
absl::StatusOr<Value> InstantFunction(Evaluator& evaluator,
                                      const Call& call);  // instant_functions.cc
absl::StatusOr<Value> LabelFunction(Evaluator& evaluator, const Call& call);  // label_functions.cc
absl::StatusOr<Value> HistogramFunction(Evaluator& evaluator, const Call& call);  // histogram.cc

}  // namespace tocsin::naive
