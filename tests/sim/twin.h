#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "base/labels.h"
#include "base/timestamp.h"
#include "engine/query/query_engine.h"
#include "rules/promql/ast.h"
#include "tests/support/naive/storage.h"

namespace tocsin::simulation {

// Rows of a query by the naive evaluator, over all samples a shard was given.
struct TwinRow {
  double value = 0;
  Timestamp newest;  // of the samples it was computed from
};
using TwinRows = std::map<Labels, TwinRow>;

// `with_newest`: also find the newest samples, for expressions of selectors, functions over ranges,
// aggregations and arithmetic: a series stands behind a row if it has no label with another value.
absl::StatusOr<TwinRows> EvaluateTwin(const naive::Storage& storage, const promql::Expr& expr,
                                      Timestamp t, const engine::QueryOptions& options,
                                      bool with_newest);

// Whether the value moves with the time of evaluation itself, by extrapolation.
bool Drifts(const promql::Expr& expr);

// Equal up to the order of additions.
bool CloseTo(double a, double b);

}  // namespace tocsin::simulation
