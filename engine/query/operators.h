#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "engine/query/operator.h"
#include "engine/query/series_watch.h"
#include "engine/query/window.h"
#include "rules/promql/ast.h"

// Makers of all operators but the selectors (selector.h, window.h) and range functions
// (range_function.h). Each .cc defines one kind.
namespace tocsin::engine {

// --- scalar.cc ---
OperatorPtr MakeNumber(double value);
OperatorPtr MakeTime();                        // time()
OperatorPtr MakeScalarOf(OperatorPtr vector);  // scalar(v)
OperatorPtr MakeVectorOf(OperatorPtr scalar);  // vector(s)
OperatorPtr MakeScalarBinary(promql::BinaryOp op, OperatorPtr lhs, OperatorPtr rhs);

// --- vector_scalar.cc ---
struct VectorScalarOptions {
  promql::BinaryOp op = promql::BinaryOp::kAdd;
  bool scalar_left = false;
  bool return_bool = false;
  bool delayed_name_removal = false;
};
OperatorPtr MakeVectorScalar(const VectorScalarOptions& options, OperatorPtr vector,
                             OperatorPtr scalar);

// --- vector_match.cc ---
// Arithmetic and comparison between vectors; `expr` gives operator, bool and matching.
OperatorPtr MakeVectorMatch(const promql::BinaryExpr& expr, OperatorPtr lhs, OperatorPtr rhs,
                            bool delayed_name_removal);

// --- set_operator.cc ---
OperatorPtr MakeSetOperator(const promql::BinaryExpr& expr, OperatorPtr lhs, OperatorPtr rhs);

// --- simple_functions.cc ---
// Functions value by value: abs .. deg, clamp*, round, dates; "-" is unary minus. `params` are
// scalars.
bool IsSimpleFunction(absl::string_view name);
OperatorPtr MakeSimpleFunction(absl::string_view name, OperatorPtr vector,
                               std::vector<OperatorPtr> params, bool delayed_name_removal);

// --- dates.cc ---
// The date function of this name, over seconds since the epoch in UTC; null if there is none.
using DateFunction = double (*)(double seconds);
DateFunction FindDateFunction(absl::string_view name);

// --- absent.cc ---
// 1 with `labels` if the vector is empty at the moment.
OperatorPtr MakeAbsent(Labels labels, OperatorPtr vector);
OperatorPtr MakeAbsentOverTime(Labels labels, std::shared_ptr<RangeVector> range);

// --- aggregate.cc, ranking.cc, count_values.cc ---
struct Grouping {
  bool without = false;
  std::vector<std::string> labels;
  Labels Of(const Labels& labels) const;
};
OperatorPtr MakeAggregate(promql::AggregateOp op, Grouping grouping, OperatorPtr vector);
// Notes of these two: part 0 is the parameter, part 1 what is aggregated.
OperatorPtr MakeQuantile(Grouping grouping, OperatorPtr vector, OperatorPtr q);
OperatorPtr MakeRanking(promql::AggregateOp op, Grouping grouping, OperatorPtr vector,
                        OperatorPtr k);
OperatorPtr MakeCountValues(Grouping grouping, OperatorPtr vector, std::string label);

// --- label_functions.cc ---
struct LabelReplace {
  std::string destination, replacement, source, regex;
};
absl::StatusOr<OperatorPtr> MakeLabelReplace(LabelReplace replace, OperatorPtr vector);
struct LabelJoin {
  std::string destination, separator;
  std::vector<std::string> sources;
};
absl::StatusOr<OperatorPtr> MakeLabelJoin(LabelJoin join, OperatorPtr vector);

// --- histogram_reading.cc ---
// Of classic and native histograms. Notes: part 0 is the first scalar, part 1 the vector.
OperatorPtr MakeHistogramQuantile(OperatorPtr vector, OperatorPtr q, bool delayed_name_removal);
OperatorPtr MakeHistogramFraction(OperatorPtr vector, OperatorPtr lower, OperatorPtr upper,
                                  bool delayed_name_removal);

// --- histogram_functions.cc ---
// histogram_count, _sum, _avg, _stddev, _stdvar: of native histograms only.
bool IsHistogramFunction(absl::string_view name);
OperatorPtr MakeHistogramFunction(absl::string_view name, OperatorPtr vector,
                                  bool delayed_name_removal);

// --- subquery.cc ---
struct SubqueryOptions {
  TimeShift shift;
  int64_t range_ms = 0;
  int64_t step_ms = 0;
  // How far after the time of a step its value may look, because of negative offsets; kAnywhere
  // with `@`.
  int64_t ahead_ms = 0;
  static constexpr int64_t kAnywhere = INT64_MAX;
  // Of the series that the inner expression reads.
  std::shared_ptr<SeriesWatch> watch;
};
std::shared_ptr<RangeVector> MakeSubquery(SubqueryOptions options, OperatorPtr inner);

// --- sort.cc ---
struct SortOptions {
  bool descending = false;
  std::optional<std::vector<std::string>> labels;  // absent: by value
  bool range_query = false;                        // sorting has no effect, which is told
};
OperatorPtr MakeSort(const SortOptions& options, OperatorPtr vector);

// --- result.cc ---
// The end of a query: labels as users see them, each label set once.
OperatorPtr MakeResult(OperatorPtr vector);
// Only joins rows with equal labels; names stay.
OperatorPtr MakeMerge(OperatorPtr vector);

}  // namespace tocsin::engine
