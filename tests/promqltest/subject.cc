#include "tests/promqltest/subject.h"

#include <string>
#include <utility>

#include "base/status_macros.h"

namespace tocsin::promqltest {
namespace {

class EngineSubject : public Subject {
 public:
  void Clear() override { table_ = std::make_unique<engine::SeriesTable>(); }
  void Add(const Labels& labels, int64_t time_ms, const notation::Value& value) override {
    const auto slot = table_->FindOrAdd(labels);
    value.histogram ? table_->Append(slot, time_ms, value.histogram)
                    : table_->Append(slot, time_ms, value.number);
  }
  absl::StatusOr<std::vector<Outcome>> Run(const promql::Expr& expr,
                                           const engine::QueryOptions& options,
                                           const std::vector<Timestamp>& times) override {
    engine::QueryEngine engine(*table_, options);
    TOCSIN_ASSIGN_OR_RETURN(const engine::QueryId query, engine.Add(expr));
    std::vector<Outcome> outcomes;
    for (const Timestamp t : times) {
      TOCSIN_ASSIGN_OR_RETURN(const engine::QueryResult result, engine.Evaluate(query, t));
      outcomes.push_back(Copy(result));
    }
    return outcomes;
  }

 private:
  std::unique_ptr<engine::SeriesTable> table_ = std::make_unique<engine::SeriesTable>();
};

class NaiveSubject : public Subject {
 public:
  void Clear() override { storage_.Clear(); }
  void Add(const Labels& labels, int64_t time_ms, const notation::Value& value) override {
    value.histogram ? storage_.Add(labels, time_ms, value.histogram)
                    : storage_.Add(labels, time_ms, value.number);
  }
  absl::StatusOr<std::vector<Outcome>> Run(const promql::Expr& expr,
                                           const engine::QueryOptions& options,
                                           const std::vector<Timestamp>& times) override {
    std::vector<Outcome> outcomes;
    for (const Timestamp t : times) {
      Outcome outcome;
      TOCSIN_ASSIGN_OR_RETURN(outcome.value,
                              naive::Evaluate(storage_, expr, t, options, &outcome.notes));
      outcomes.push_back(std::move(outcome));
    }
    return outcomes;
  }

 private:
  naive::Storage storage_;
};

std::vector<naive::Series> Copy(const std::vector<engine::MatrixRow>& rows) {
  std::vector<naive::Series> matrix;
  for (const engine::MatrixRow& row : rows) {
    naive::Series& series = matrix.emplace_back();
    series.labels = row.labels;
    for (size_t i = 0; i < row.times_ms.size(); ++i) {
      const HistogramPtr histogram = row.histograms.empty() ? nullptr : row.histograms[i];
      series.samples.push_back({row.times_ms[i], histogram ? 0 : row.values[i], histogram});
    }
  }
  return matrix;
}

}  // namespace

Outcome Copy(const engine::QueryResult& result) {
  Outcome outcome;
  outcome.value.type = result.type;
  if (result.warnings != nullptr) outcome.notes.warnings = *result.warnings;
  if (result.infos != nullptr) outcome.notes.infos = *result.infos;
  if (result.string_value != nullptr) outcome.value.text = *result.string_value;
  if (result.matrix != nullptr) outcome.value.matrix = Copy(*result.matrix);
  if (result.frame == nullptr) return outcome;
  const auto copy_row = [&](size_t row) {
    const double value = result.frame->value(row);
    if (result.type == promql::ValueType::kScalar) {
      outcome.value.scalar = value;
    } else {
      outcome.value.vector.push_back(
          {(*result.labels)[row], value, false, result.frame->histogram(row)});
    }
  };
  if (result.order != nullptr) {
    for (const uint32_t row : *result.order) copy_row(row);
  } else {
    result.frame->ForEach(copy_row);
  }
  return outcome;
}

std::unique_ptr<Subject> MakeEngineSubject() {
  return std::make_unique<EngineSubject>();
}
std::unique_ptr<Subject> MakeNaiveSubject() {
  return std::make_unique<NaiveSubject>();
}

}  // namespace tocsin::promqltest
