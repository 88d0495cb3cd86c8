// Scalars, and the ways between scalars and vectors.
#include <limits>

#include "engine/query/arithmetic.h"
#include "engine/query/operators.h"

namespace tocsin::engine {
namespace {

// One row without labels. Also what vector(s) is.
class SingleRow : public Operator {
 public:
  using Operator::Operator;
  Labels LabelsOf(size_t) const override { return Labels(); }
  std::vector<int64_t> Newest(int64_t t) const override {
    int64_t newest = INT64_MIN;
    for (size_t i = 0; i < inputs(); ++i) {
      for (int64_t time : input(i).Newest(t)) newest = std::max(newest, time);
    }
    return {newest};
  }

 protected:
  bool Index() override {
    const bool changed = rows_ != 1;
    rows_ = 1;
    return changed;
  }
  absl::Status Compute(int64_t t) override {
    frame_.Reset(1);
    frame_.Set(0, Value(t));
    return absl::OkStatus();
  }
  virtual double Value(int64_t t) const = 0;
};

class Number final : public SingleRow {
 public:
  explicit Number(double value) : SingleRow(std::vector<OperatorPtr>()), value_(value) {}

 protected:
  double Value(int64_t) const override { return value_; }

 private:
  const double value_;
};

class Time final : public SingleRow {
 public:
  Time() : SingleRow(std::vector<OperatorPtr>()) {}
  int64_t NextChange(int64_t t) const override { return t + 1; }

 protected:
  double Value(int64_t t) const override { return static_cast<double>(t) / 1000; }
};

class ScalarOf final : public SingleRow {
 public:
  using SingleRow::SingleRow;

 protected:
  double Value(int64_t) const override {
    size_t found = 0;
    double value = 0;
    in(0).ForEachFloat([&](size_t row) {
      ++found;
      value = in(0).value(row);
    });
    return found == 1 ? value : std::numeric_limits<double>::quiet_NaN();
  }
};

class VectorOf final : public SingleRow {
 public:
  using SingleRow::SingleRow;

 protected:
  double Value(int64_t) const override { return scalar(0); }
};

class ScalarBinary final : public SingleRow {
 public:
  ScalarBinary(promql::BinaryOp op, OperatorPtr lhs, OperatorPtr rhs)
      : SingleRow({std::move(lhs), std::move(rhs)}), op_(op) {}

 protected:
  double Value(int64_t) const override {
    double out = 0;
    WithArithmetic(op_, [&](auto f) { out = f(scalar(0), scalar(1)); });
    WithComparison(op_, [&](auto f) { out = f(scalar(0), scalar(1)) ? 1 : 0; });
    return out;
  }

 private:
  const promql::BinaryOp op_;
};

}  // namespace

OperatorPtr MakeNumber(double value) {
  return std::make_shared<Number>(value);
}
OperatorPtr MakeTime() {
  return std::make_shared<Time>();
}
OperatorPtr MakeScalarOf(OperatorPtr vector) {
  return std::make_shared<ScalarOf>(std::vector<OperatorPtr>{std::move(vector)});
}
OperatorPtr MakeVectorOf(OperatorPtr scalar) {
  return std::make_shared<VectorOf>(std::vector<OperatorPtr>{std::move(scalar)});
}
OperatorPtr MakeScalarBinary(promql::BinaryOp op, OperatorPtr lhs, OperatorPtr rhs) {
  return std::make_shared<ScalarBinary>(op, std::move(lhs), std::move(rhs));
}

}  // namespace tocsin::engine
