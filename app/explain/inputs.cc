#include "app/explain/inputs.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/labels.h"
#include "engine/query/query_engine.h"
#include "integrations/http/prometheus_json.h"
#include "rules/promql/parser.h"
#include "rules/promql/printer.h"
#include "rules/promql/quote.h"

namespace tocsin::app::explain {
namespace {

using promql::ExprKind;
using Selectors = std::vector<std::unique_ptr<promql::MatrixSelector>>;

std::unique_ptr<promql::MatrixSelector> Window(const promql::VectorSelector& selector,
                                               absl::Duration range) {
  auto window = std::make_unique<promql::MatrixSelector>();
  window->type = promql::ValueType::kMatrix;
  window->selector = std::make_unique<promql::VectorSelector>(selector);
  window->range = range;
  return window;
}

// `around`: the ranges of the subqueries it stands in.
void Collect(const promql::Expr& expr, absl::Duration around, Selectors& selectors) {
  switch (expr.kind) {
    case ExprKind::kVectorSelector: {
      const absl::Duration lookback = engine::QueryOptions().lookback;
      selectors.push_back(Window(promql::As<promql::VectorSelector>(expr), lookback + around));
      return;
    }
    case ExprKind::kMatrixSelector: {
      const auto& matrix = promql::As<promql::MatrixSelector>(expr);
      selectors.push_back(Window(*matrix.selector, matrix.range + around));
      return;
    }
    case ExprKind::kSubquery: {
      const auto& subquery = promql::As<promql::Subquery>(expr);
      const absl::Duration back = std::max(subquery.offset, absl::ZeroDuration());
      return Collect(*subquery.expr, around + subquery.range + back, selectors);
    }
    case ExprKind::kUnary:
      return Collect(*promql::As<promql::UnaryExpr>(expr).expr, around, selectors);
    case ExprKind::kBinary:
      Collect(*promql::As<promql::BinaryExpr>(expr).lhs, around, selectors);
      return Collect(*promql::As<promql::BinaryExpr>(expr).rhs, around, selectors);
    case ExprKind::kAggregate: {
      const auto& aggregate = promql::As<promql::AggregateExpr>(expr);
      Collect(*aggregate.expr, around, selectors);
      if (aggregate.param) Collect(*aggregate.param, around, selectors);
      return;
    }
    case ExprKind::kCall:
      for (const auto& arg : promql::As<promql::CallExpr>(expr).args) {
        Collect(*arg, around, selectors);
      }
      return;
    case ExprKind::kParen:
      return Collect(*promql::As<promql::ParenExpr>(expr).expr, around, selectors);
    default:
      return;
  }
}

bool Agrees(const Labels& a, const Labels& b) {
  return std::all_of(a.begin(), a.end(), [&](const LabelView& label) {
    const absl::string_view other = b.Get(label.name);
    return other.empty() || other == label.value;
  });
}

// Those that agree come first; how many of them count: those, or all if none does.
template <typename T, typename LabelsOf>
size_t PutAgreeingFirst(std::vector<T>& items, const std::optional<Labels>& labels,
                        LabelsOf&& labels_of) {
  if (!labels) return items.size();
  const auto end = std::stable_partition(
      items.begin(), items.end(), [&](const T& item) { return Agrees(labels_of(item), *labels); });
  return end == items.begin() ? items.size() : static_cast<size_t>(end - items.begin());
}

http::ExplainedSeries ToSeries(const engine::MatrixRow& row) {
  http::ExplainedSeries series;
  series.labels = row.labels;
  series.samples = row.times_ms.size();
  if (row.times_ms.empty()) return series;
  series.newest_at = Timestamp::FromMillis(row.times_ms.back());
  const bool histogram = !row.histograms.empty() && row.histograms.back() != nullptr;
  series.newest = histogram ? "histogram" : http::FormatSampleValue(row.values.back());
  return series;
}

http::ExplainedInput Look(const promql::MatrixSelector& selector, Timestamp at,
                          const std::optional<Labels>& labels, const engine::Engine& engine,
                          const std::function<bool()>& expired) {
  http::ExplainedInput input;
  input.selector = promql::Print(selector);
  auto result = engine.Query(selector, at, expired);
  if (!result.ok()) {
    input.error = std::string(result.status().message());
    return input;
  }
  input.series_total =
      PutAgreeingFirst(result->matrix, labels,
                       [](const engine::MatrixRow& row) -> const Labels& { return row.labels; });
  for (size_t i = 0; i < std::min(input.series_total, kShownMax); ++i) {
    input.series.push_back(ToSeries(result->matrix[i]));
  }
  return input;
}

}  // namespace

std::vector<http::ExplainedInput> InputsOf(const promql::Expr& query, Timestamp at,
                                           const std::optional<Labels>& labels,
                                           const engine::Engine& engine,
                                           const std::function<bool()>& expired) {
  Selectors selectors;
  Collect(query, absl::ZeroDuration(), selectors);
  std::vector<http::ExplainedInput> inputs;
  for (const auto& selector : selectors) {
    const std::string text = promql::Print(*selector);
    const bool known = std::any_of(inputs.begin(), inputs.end(),
                                   [&](const auto& input) { return input.selector == text; });
    if (!known && inputs.size() < kShownMax) {
      inputs.push_back(Look(*selector, at, labels, engine, expired));
    }
  }
  return inputs;
}

void AddResult(const promql::Expr& query, Timestamp at, const std::optional<Labels>& labels,
               const engine::Engine& engine, const std::function<bool()>& expired,
               http::ExplainedRule& rule) {
  auto result = engine.Query(query, at, expired);
  if (!result.ok()) {
    rule.error = std::string(result.status().message());
    return;
  }
  if (result->type == promql::ValueType::kScalar) {
    rule.rows.push_back({"", Labels(), http::FormatScalar(result->scalar)});
    rule.rows_total = 1;
    return;
  }
  std::vector<http::ExplainedRow> rows;
  for (size_t i = 0; i < result->rows.size(); ++i) {
    const auto& [row_labels, value] = result->rows[i];
    const bool histogram = !result->histograms.empty() && result->histograms[i] != nullptr;
    rows.push_back({"", row_labels, histogram ? "histogram" : http::FormatSampleValue(value)});
  }
  rule.rows_total = PutAgreeingFirst(
      rows, labels, [](const http::ExplainedRow& row) -> const Labels& { return row.labels; });
  rows.resize(std::min(rule.rows_total, kShownMax));
  rule.rows = std::move(rows);
}

void AddBands(const std::string& monitor, Timestamp at, const engine::Engine& engine,
              const std::function<bool()>& expired, http::ExplainedRule& rule) {
  const std::string text = absl::StrCat(
      "{__name__=~\"tocsin:(score|expected|lower|upper)\",monitor=", promql::Quote(monitor), "}");
  const promql::ParseResult parsed = promql::ParseExpr(text);
  if (parsed.error) return;
  const auto result = engine.Query(*parsed.expr, at, expired);
  if (!result.ok()) return;  // the rows are what was asked for
  std::map<std::string, std::map<std::string, double>> by_labels;
  for (const auto& [labels, value] : result->rows) {
    LabelsBuilder rest(labels);
    rest.Delete("__name__").Delete("monitor");
    by_labels[std::string(rest.Build().canonical())][std::string(labels.Get("__name__"))] = value;
  }
  for (http::ExplainedRow& row : rule.rows) {
    LabelsBuilder rest(row.labels);
    rest.Delete("__name__");
    const auto found = by_labels.find(std::string(rest.Build().canonical()));
    if (found == by_labels.end()) continue;
    auto& series = found->second;
    row.band =
        absl::StrFormat("expected %g (band %g to %g), score %.2f", series["tocsin:expected"],
                        series["tocsin:lower"], series["tocsin:upper"], series["tocsin:score"]);
  }
}

absl::Duration WindowOf(const promql::Expr& query) {
  absl::Duration window;
  for (const auto& need : engine::QueryEngine::Needs(query, engine::QueryOptions())) {
    window = std::max(window, need.reach);
  }
  return window;
}

}  // namespace tocsin::app::explain
