// Aggregations to one value per group: sum avg min max count group stddev stdvar quantile. Native
// histograms are counted, summed and averaged (histogram_aggregate.h), else left out, which is
// told.
#include <cmath>

#include "base/kahan.h"
#include "engine/query/grouped.h"
#include "engine/query/histogram_aggregate.h"
#include "engine/query/histogram_notes.h"
#include "engine/query/quantile.h"

namespace tocsin::engine {
namespace {

using promql::AggregateOp;

// Accumulators of one group. Made from the group's first value; Add() takes the others in order of
// rows.
struct Sum {
  KahanSum total;
  explicit Sum(double first = 0) : total{first, 0} {}
  void Add(double value) { total.Add(value); }
  double Get() const { return total.sum + total.rest; }
};

struct Avg {
  KahanMean mean;
  explicit Avg(double first = 0) : mean(first) {}
  void Add(double value) { mean.Add(value); }
  double Get() const { return mean.Get(); }
};

// NaN gives way to any number.
struct Min {
  double best = 0;
  explicit Min(double first = 0) : best(first) {}
  void Add(double value) {
    if (best > value || std::isnan(best)) best = value;
  }
  double Get() const { return best; }
};

struct Max {
  double best = 0;
  explicit Max(double first = 0) : best(first) {}
  void Add(double value) {
    if (best < value || std::isnan(best)) best = value;
  }
  double Get() const { return best; }
};

struct Count {
  double count = 1;
  explicit Count(double = 0) {}
  void Add(double) { count += 1; }
  double Get() const { return count; }
};

struct Group {
  explicit Group(double = 0) {}
  void Add(double) {}
  double Get() const { return 1; }
};

// Welford's method.
template <bool kRoot>
struct Deviation {
  double count = 1, mean = 0, squares = 0;
  explicit Deviation(double first = 0)
      : mean(first), squares(std::isfinite(first) ? 0 : std::nan("")) {}
  void Add(double value) {
    count += 1;
    const double delta = value - mean;
    mean += delta / count;
    squares += delta * (value - mean);
  }
  double Get() const { return kRoot ? std::sqrt(squares / count) : squares / count; }
};

template <typename Accumulator>
class Aggregate final : public GroupedOperator {
 public:
  Aggregate(AggregateOp op, Grouping grouping, OperatorPtr vector)
      : GroupedOperator(std::move(grouping), {std::move(vector)}), op_(op) {}

 protected:
  absl::Status Compute(int64_t) override {
    frame_.Reset(rows_);
    if (groups_.AreRows() && !in(0).has_histograms()) {
      KeepRows();
      return absl::OkStatus();
    }
    accumulators_.resize(rows_);
    const auto take = [&](size_t row) { Take(row); };
    if (!in(0).has_histograms() || op_ == AggregateOp::kCount || op_ == AggregateOp::kGroup) {
      in(0).ForEach(take);
    } else {
      in(0).ForEachFloat(take);
    }
    frame_.ForEach([&](size_t group) { frame_.values()[group] = accumulators_[group].Get(); });
    if (in(0).has_histograms()) [[unlikely]]
      AggregateHistograms();
    return absl::OkStatus();
  }

 private:
  void Take(size_t row) {
    const uint32_t group = groups_.of(row);
    if (frame_.present(group)) {
      accumulators_[group].Add(in(0).value(row));
    } else {
      frame_.Set(group, 0);
      accumulators_[group] = Accumulator(in(0).value(row));
    }
  }

  // Each group has one row, which is its own.
  void KeepRows() {
    const double* from = in(0).values().data();
    double* to = frame_.values().data();
    for (size_t row = 0; row < rows_; ++row) to[row] = Accumulator(from[row]).Get();
    frame_.words() = in(0).words();
  }

  void AggregateHistograms() {
    if (op_ == AggregateOp::kCount || op_ == AggregateOp::kGroup) return;
    if (op_ == AggregateOp::kSum || op_ == AggregateOp::kAvg) {
      FoldHistograms(op_, input(0), groups_, frame_, notes_);
    } else {
      AddNote(notes_, IgnoredInAggregation(op_));
    }
  }

  const AggregateOp op_;
  std::vector<Accumulator> accumulators_;
};

class QuantileOfGroup final : public GroupedOperator {
 public:
  using GroupedOperator::GroupedOperator;

 protected:
  absl::Status Compute(int64_t) override {
    const double q = scalar(1);
    std::string warning = InvalidQuantileText(q);
    if (!warning.empty()) notes_.push_back({true, std::move(warning)});
    values_.resize(rows_);
    for (auto& values : values_) values.clear();
    in(0).ForEachFloat([&](size_t row) { values_[groups_.of(row)].push_back(in(0).value(row)); });
    if (in(0).has_histograms()) {
      Note note = IgnoredInAggregation(AggregateOp::kQuantile);
      note.part = 1;
      AddNote(notes_, std::move(note));
    }
    frame_.Reset(rows_);
    for (size_t group = 0; group < rows_; ++group) {
      if (!values_[group].empty()) frame_.Set(group, Quantile(q, values_[group]));
    }
    return absl::OkStatus();
  }

 private:
  std::vector<std::vector<double>> values_;  // per group, kept for their capacity
};

template <typename Accumulator>
OperatorPtr Make(AggregateOp op, Grouping grouping, OperatorPtr vector) {
  return std::make_shared<Aggregate<Accumulator>>(op, std::move(grouping), std::move(vector));
}

}  // namespace

OperatorPtr MakeAggregate(AggregateOp op, Grouping grouping, OperatorPtr vector) {
  switch (op) {
    case AggregateOp::kSum:
      return Make<Sum>(op, std::move(grouping), std::move(vector));
    case AggregateOp::kAvg:
      return Make<Avg>(op, std::move(grouping), std::move(vector));
    case AggregateOp::kMin:
      return Make<Min>(op, std::move(grouping), std::move(vector));
    case AggregateOp::kMax:
      return Make<Max>(op, std::move(grouping), std::move(vector));
    case AggregateOp::kCount:
      return Make<Count>(op, std::move(grouping), std::move(vector));
    case AggregateOp::kGroup:
      return Make<Group>(op, std::move(grouping), std::move(vector));
    case AggregateOp::kStddev:
      return Make<Deviation<true>>(op, std::move(grouping), std::move(vector));
    case AggregateOp::kStdvar:
      return Make<Deviation<false>>(op, std::move(grouping), std::move(vector));
    default:
      return nullptr;
  }
}

OperatorPtr MakeQuantile(Grouping grouping, OperatorPtr vector, OperatorPtr q) {
  return std::make_shared<QuantileOfGroup>(
      std::move(grouping), std::vector<OperatorPtr>{std::move(vector), std::move(q)});
}

}  // namespace tocsin::engine
