// Functions that map each value by itself. Native histograms have no place in most and are left
// out.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "base/histogram/sum.h"
#include "engine/query/operators.h"
#include "engine/query/rowwise.h"

namespace tocsin::engine {
namespace {

using Function = double (*)(double);

double Sign(double v) {
  return v < 0 ? -1 : v > 0 ? 1 : v;
}
double ToRadians(double v) {
  return v * std::numbers::pi / 180;
}
double ToDegrees(double v) {
  return v * 180 / std::numbers::pi;
}

constexpr std::pair<absl::string_view, Function> kFunctions[] = {
    {"abs", [](double v) { return std::fabs(v); }},
    {"ceil", [](double v) { return std::ceil(v); }},
    {"floor", [](double v) { return std::floor(v); }},
    {"exp", [](double v) { return std::exp(v); }},
    {"sqrt", [](double v) { return std::sqrt(v); }},
    {"ln", [](double v) { return std::log(v); }},
    {"log2", [](double v) { return std::log2(v); }},
    {"log10", [](double v) { return std::log10(v); }},
    {"sin", [](double v) { return std::sin(v); }},
    {"cos", [](double v) { return std::cos(v); }},
    {"tan", [](double v) { return std::tan(v); }},
    {"asin", [](double v) { return std::asin(v); }},
    {"acos", [](double v) { return std::acos(v); }},
    {"atan", [](double v) { return std::atan(v); }},
    {"sinh", [](double v) { return std::sinh(v); }},
    {"cosh", [](double v) { return std::cosh(v); }},
    {"tanh", [](double v) { return std::tanh(v); }},
    {"asinh", [](double v) { return std::asinh(v); }},
    {"acosh", [](double v) { return std::acosh(v); }},
    {"atanh", [](double v) { return std::atanh(v); }},
    {"rad", ToRadians},
    {"deg", ToDegrees},
    {"sgn", Sign},
    {"+", [](double v) { return v; }},  // only the name goes
};

Function FindFunction(absl::string_view name) {
  for (const auto& [known, function] : kFunctions) {
    if (known == name) return function;
  }
  return FindDateFunction(name);
}

class SimpleFunction final : public RowwiseOperator {
 public:
  SimpleFunction(Function function, OperatorPtr vector, NameRule drop)
      : RowwiseOperator({std::move(vector)}, drop), function_(function) {}

 protected:
  absl::Status Compute(int64_t) override {
    frame_.Reset(rows_);
    in(0).ForEachFloat([&](size_t row) { frame_.Set(row, function_(in(0).value(row))); });
    return absl::OkStatus();
  }

 private:
  const Function function_;
};

// Unary minus. Of native histograms, which are gauges then, too.
class Negation final : public RowwiseOperator {
 public:
  using RowwiseOperator::RowwiseOperator;

 protected:
  absl::Status Compute(int64_t) override {
    frame_.Reset(rows_);
    in(0).ForEach([&](size_t row) {
      const HistogramPtr& histogram = in(0).histogram(row);
      if (histogram == nullptr) return frame_.Set(row, -in(0).value(row));
      auto negated = std::make_shared<NativeHistogram>(*histogram);
      Multiply(*negated, -1);
      frame_.SetHistogram(row, std::move(negated));
    });
    return absl::OkStatus();
  }
};

// Go's math.Min and math.Max: NaN wins, except over the infinity nothing lies beyond; -0 is below
// +0.
double Min(double a, double b) {
  if (a == -INFINITY || b == -INFINITY) return -INFINITY;
  if (std::isnan(a) || std::isnan(b)) return std::nan("");
  return a < b || (a == b && std::signbit(a)) ? a : b;
}
double Max(double a, double b) {
  if (a == INFINITY || b == INFINITY) return INFINITY;
  if (std::isnan(a) || std::isnan(b)) return std::nan("");
  return a > b || (a == b && !std::signbit(a)) ? a : b;
}

// clamp(v, min, max), clamp_min(v, min), clamp_max(v, max): without a bound it is an infinity.
class Clamp final : public RowwiseOperator {
 public:
  Clamp(bool has_min, bool has_max, std::vector<OperatorPtr> inputs, NameRule drop)
      : RowwiseOperator(std::move(inputs), drop), has_min_(has_min), has_max_(has_max) {}

 protected:
  absl::Status Compute(int64_t) override {
    const double min = has_min_ ? scalar(1) : -INFINITY;
    const double max = has_max_ ? scalar(inputs() - 1) : INFINITY;
    frame_.Reset(rows_);
    if (max < min) return absl::OkStatus();
    in(0).ForEachFloat([&](size_t row) { frame_.Set(row, Max(min, Min(max, in(0).value(row)))); });
    return absl::OkStatus();
  }

 private:
  const bool has_min_, has_max_;
};

// round(v, to = 1): to the nearest multiple, halves upwards.
class Round final : public RowwiseOperator {
 public:
  using RowwiseOperator::RowwiseOperator;

 protected:
  absl::Status Compute(int64_t) override {
    // Multiplying with the inverse is what Prometheus does, and shows in the last digits.
    const double inverse = 1.0 / (inputs() > 1 ? scalar(1) : 1.0);
    frame_.Reset(rows_);
    in(0).ForEachFloat([&](size_t row) {
      frame_.Set(row, std::floor(in(0).value(row) * inverse + 0.5) / inverse);
    });
    return absl::OkStatus();
  }
};

// timestamp(v) of anything but a plain selector.
class EvaluationTime final : public RowwiseOperator {
 public:
  using RowwiseOperator::RowwiseOperator;
  int64_t NextChange(int64_t t) const override { return t + 1; }

 protected:
  absl::Status Compute(int64_t t) override {
    frame_.Reset(rows_);
    in(0).ForEach([&](size_t row) { frame_.Set(row, static_cast<double>(t) / 1000); });
    return absl::OkStatus();
  }
};

}  // namespace

bool IsSimpleFunction(absl::string_view name) {
  return FindFunction(name) != nullptr || name == "-" || name == "clamp" || name == "clamp_min" ||
         name == "clamp_max" || name == "round" || name == "timestamp";
}

OperatorPtr MakeSimpleFunction(absl::string_view name, OperatorPtr vector,
                               std::vector<OperatorPtr> params, bool delayed_name_removal) {
  const NameRule drop = DropRule(delayed_name_removal);
  if (Function function = FindFunction(name)) {
    return std::make_shared<SimpleFunction>(function, std::move(vector), drop);
  }
  std::vector<OperatorPtr> inputs = {std::move(vector)};
  inputs.insert(inputs.end(), params.begin(), params.end());
  if (name == "-") return std::make_shared<Negation>(std::move(inputs), drop);
  if (name == "round") return std::make_shared<Round>(std::move(inputs), drop);
  if (name == "timestamp") return std::make_shared<EvaluationTime>(std::move(inputs), drop);
  return std::make_shared<Clamp>(name != "clamp_max", name != "clamp_min", std::move(inputs), drop);
}

}  // namespace tocsin::engine
