#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "integrations/http/explanation.h"
#include "rules/promql/ast.h"

// What a query looked at and what it gave, from recorded samples. Thread: any.
namespace tocsin::app::explain {

// Rows and series shown at most; all are counted.
inline constexpr size_t kShownMax = 20;

// Only what agrees with `labels` in all labels both have, if anything does; absent: everything.
// What fails says so in its `error`.
std::vector<http::ExplainedInput> InputsOf(const promql::Expr& query, Timestamp at,
                                           const std::optional<Labels>& labels,
                                           const engine::Engine& engine,
                                           const std::function<bool()>& expired);

// Fills in `rows`, `rows_total` and `error`.
void AddResult(const promql::Expr& query, Timestamp at, const std::optional<Labels>& labels,
               const engine::Engine& engine, const std::function<bool()>& expired,
               http::ExplainedRule& rule);

// Fills in the `band` of the rows, from what the anomaly monitor wrote.
void AddBands(const std::string& monitor, Timestamp at, const engine::Engine& engine,
              const std::function<bool()>& expired, http::ExplainedRule& rule);

// How far back a query looks.
absl::Duration WindowOf(const promql::Expr& query);

}  // namespace tocsin::app::explain
