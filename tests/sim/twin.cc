#include "tests/sim/twin.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/check.h"
#include "base/sample.h"
#include "base/status_macros.h"
#include "rules/promql/functions.h"
#include "tests/support/naive/naive.h"

namespace tocsin::simulation {
namespace {

// A selector within an expression.
struct Reader {
  const promql::VectorSelector* selector = nullptr;
  int64_t range_ms = 0;
  bool instant = false;    // a marker as the last sample hides the series
  size_t samples_min = 1;  // with fewer the function gives nothing
};

void FindReaders(const promql::Expr& expr, size_t samples_min, int64_t lookback_ms,
                 std::vector<Reader>& readers) {
  switch (expr.kind) {
    case promql::ExprKind::kVectorSelector:
      readers.push_back({&promql::As<promql::VectorSelector>(expr), lookback_ms, true, 1});
      return;
    case promql::ExprKind::kMatrixSelector: {
      const auto& matrix = promql::As<promql::MatrixSelector>(expr);
      readers.push_back(
          {matrix.selector.get(), absl::ToInt64Milliseconds(matrix.range), false, samples_min});
      return;
    }
    case promql::ExprKind::kAggregate:
      return FindReaders(*promql::As<promql::AggregateExpr>(expr).expr, 1, lookback_ms, readers);
    case promql::ExprKind::kParen:
      return FindReaders(*promql::As<promql::ParenExpr>(expr).expr, 1, lookback_ms, readers);
    case promql::ExprKind::kBinary:
      FindReaders(*promql::As<promql::BinaryExpr>(expr).lhs, 1, lookback_ms, readers);
      return FindReaders(*promql::As<promql::BinaryExpr>(expr).rhs, 1, lookback_ms, readers);
    case promql::ExprKind::kCall: {
      const auto& call = promql::As<promql::CallExpr>(expr);
      const absl::string_view name = call.function->name;
      const bool slope = name == "rate" || name == "increase";
      for (const auto& arg : call.args) FindReaders(*arg, slope ? 2 : 1, lookback_ms, readers);
      return;
    }
    case promql::ExprKind::kNumber:
      return;
    default:
      TOCSIN_CHECK(false) << "rules of the simulation do not use this";
  }
}

bool Agree(const Labels& row, const Labels& series) {
  for (const LabelView& label : row) {
    if (label.name == kMetricName) continue;
    const absl::string_view other = series.Get(label.name);
    if (!other.empty() && other != label.value) return false;
  }
  return true;
}

// The newest sample of a series that a selector sees at `t_ms`; INT64_MIN: none.
int64_t NewestSeen(const Reader& reader, const std::vector<naive::Point>& samples, int64_t t_ms) {
  size_t seen = 0;
  int64_t newest = INT64_MIN;
  for (const naive::Point& point : samples) {
    if (point.time_ms <= t_ms - reader.range_ms || point.time_ms > t_ms) continue;
    const bool marker = IsStaleMarker(point.value);
    if (!marker) ++seen;
    if (!marker || reader.instant) newest = marker ? INT64_MIN : point.time_ms;
  }
  return seen < reader.samples_min ? INT64_MIN : newest;
}

void FindNewest(const naive::Storage& storage, const Reader& reader, Timestamp t, TwinRows& rows) {
  const int64_t offset_ms = absl::ToInt64Milliseconds(reader.selector->offset);
  for (const auto& [labels, samples] : storage.series()) {
    const auto matches = naive::Matches(reader.selector->matchers, labels);
    if (!matches.ok() || !*matches) continue;
    const int64_t newest = NewestSeen(reader, samples, t.millis() - offset_ms);
    if (newest == INT64_MIN) continue;
    for (auto& [row_labels, row] : rows) {
      if (!Agree(row_labels, labels)) continue;
      row.newest = std::max(row.newest, Timestamp::FromMillis(newest + offset_ms));
    }
  }
}

}  // namespace

absl::StatusOr<TwinRows> EvaluateTwin(const naive::Storage& storage, const promql::Expr& expr,
                                      Timestamp t, const engine::QueryOptions& options,
                                      bool with_newest) {
  TOCSIN_ASSIGN_OR_RETURN(const naive::Value value,
                          naive::Evaluate(storage, expr, t, options, nullptr));
  TwinRows rows;
  for (const naive::Element& element : value.vector) rows[element.labels] = {element.value, t};
  if (!with_newest) return rows;
  std::vector<Reader> readers;
  FindReaders(expr, 1, absl::ToInt64Milliseconds(options.lookback), readers);
  for (auto& [labels, row] : rows) row.newest = Timestamp::Min();
  for (const Reader& reader : readers) FindNewest(storage, reader, t, rows);
  return rows;
}

bool Drifts(const promql::Expr& expr) {
  std::vector<Reader> readers;
  FindReaders(expr, 1, 0, readers);
  return std::any_of(readers.begin(), readers.end(),
                     [](const Reader& reader) { return reader.samples_min > 1; });
}

bool CloseTo(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  if (a == b) return true;
  return std::abs(a - b) <= 1e-9 * std::max({std::abs(a), std::abs(b), 1.0});
}

}  // namespace tocsin::simulation
