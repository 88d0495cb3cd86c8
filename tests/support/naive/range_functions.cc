#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/support/naive/evaluator.h"
#include "tests/support/naive/histogram_range.h"
#include "tests/support/naive/math.h"

// Functions of a range vector: per series, from the samples of its window to one value or none.
namespace tocsin::naive {
namespace {

using promql::ValueType;

// What a function sees of one series.
struct Window {
  const std::vector<Point>& samples;  // never empty; all are floats
  int64_t begin_ms;                   // (begin, end]
  int64_t end_ms;
  int64_t t_ms;      // of the evaluation, which offset and @ do not move
  double parameter;  // the scalar argument, if there is one
};

using Result = std::optional<double>;
using Function = Result (*)(const Window&);

std::vector<double> ValuesOf(const Window& window) {
  std::vector<double> values;
  for (const Point& sample : window.samples) values.push_back(sample.value);
  return values;
}

double Seconds(int64_t ms) {
  return static_cast<double>(ms) / 1000;
}

// How much the value grew between the first and the last sample; a counter that falls has restarted
// at 0.
double Growth(const std::vector<Point>& samples, bool counter) {
  double growth = samples.back().value - samples.front().value;
  if (!counter) return growth;
  for (size_t i = 1; i < samples.size(); ++i) {
    if (samples[i].value < samples[i - 1].value) growth += samples[i - 1].value;
  }
  return growth;
}

// The growth over the whole window, extrapolated from the part that the samples span: to a border
// of the window if it is about one sample away, else by half the mean distance of samples; a
// counter not below zero.
Result Extrapolated(const Window& window, bool counter) {
  const std::vector<Point>& samples = window.samples;
  if (samples.size() < 2) return std::nullopt;
  const double growth = Growth(samples, counter);
  const double spanned = Seconds(samples.back().time_ms - samples.front().time_ms);
  const double distance = spanned / static_cast<double>(samples.size() - 1);
  double to_start = Seconds(samples.front().time_ms - window.begin_ms);
  double to_end = Seconds(window.end_ms - samples.back().time_ms);
  if (to_start >= distance * 1.1) to_start = distance / 2;
  if (to_end >= distance * 1.1) to_end = distance / 2;
  const double first = samples.front().value;
  if (counter && growth > 0 && first >= 0) to_start = std::min(to_start, spanned * first / growth);
  return growth * (spanned + to_start + to_end) / spanned;
}

Result Delta(const Window& window) {
  return Extrapolated(window, false);
}
Result Increase(const Window& window) {
  return Extrapolated(window, true);
}
Result Rate(const Window& window) {
  const Result increase = Extrapolated(window, true);
  if (!increase.has_value()) return std::nullopt;
  return *increase / Seconds(window.end_ms - window.begin_ms);
}

Result Idelta(const Window& window) {
  const size_t n = window.samples.size();
  if (n < 2) return std::nullopt;
  return window.samples[n - 1].value - window.samples[n - 2].value;
}

Result Irate(const Window& window) {
  const size_t n = window.samples.size();
  if (n < 2) return std::nullopt;
  const Point& before = window.samples[n - 2];
  const Point& last = window.samples[n - 1];
  const double growth = last.value < before.value ? last.value : last.value - before.value;
  return growth / Seconds(last.time_ms - before.time_ms);
}

Result Changes(const Window& window) {
  double changes = 0;
  for (size_t i = 1; i < window.samples.size(); ++i) {
    const double before = window.samples[i - 1].value;
    const double value = window.samples[i].value;
    const bool both_nan = std::isnan(before) && std::isnan(value);
    if (value != before && !both_nan) ++changes;
  }
  return changes;
}

Result Resets(const Window& window) {
  double resets = 0;
  for (size_t i = 1; i < window.samples.size(); ++i) {
    if (window.samples[i].value < window.samples[i - 1].value) ++resets;
  }
  return resets;
}

Result Deriv(const Window& window) {
  if (window.samples.size() < 2) return std::nullopt;
  return LinearRegression(window.samples, window.samples.front().time_ms).slope;
}

Result PredictLinear(const Window& window) {
  if (window.samples.size() < 2) return std::nullopt;
  const Line line = LinearRegression(window.samples, window.t_ms);
  return line.slope * window.parameter + line.intercept;
}

// Median distance from the median.
Result MedianAbsoluteDeviation(const Window& window) {
  std::vector<double> values = ValuesOf(window);
  const double median = Quantile(0.5, values);
  for (double& value : values) value = std::abs(value - median);
  return Quantile(0.5, values);
}

// Time of the sample that `better` prefers to all others, the last one among equals; NaN loses.
template <typename Better>
Result TimeOf(const Window& window, Better better) {
  const Point* best = &window.samples.front();
  for (const Point& sample : window.samples) {
    const bool loses = std::isnan(sample.value) || better(best->value, sample.value);
    if (std::isnan(best->value) || !loses) best = &sample;
  }
  return Seconds(best->time_ms);
}

const std::map<std::string, Function>& Functions() {
  static const std::map<std::string, Function> functions = {
      {"rate", Rate},
      {"increase", Increase},
      {"delta", Delta},
      {"irate", Irate},
      {"idelta", Idelta},
      {"changes", Changes},
      {"resets", Resets},
      {"deriv", Deriv},
      {"predict_linear", PredictLinear},
      {"mad_over_time", MedianAbsoluteDeviation},
      {"avg_over_time", [](const Window& w) -> Result { return Mean(ValuesOf(w)); }},
      {"sum_over_time", [](const Window& w) -> Result { return Sum(ValuesOf(w)); }},
      {"min_over_time", [](const Window& w) -> Result { return Min(ValuesOf(w)); }},
      {"max_over_time", [](const Window& w) -> Result { return Max(ValuesOf(w)); }},
      {"count_over_time",
       [](const Window& w) -> Result { return static_cast<double>(w.samples.size()); }},
      {"last_over_time", [](const Window& w) -> Result { return w.samples.back().value; }},
      {"first_over_time", [](const Window& w) -> Result { return w.samples.front().value; }},
      {"present_over_time", [](const Window&) -> Result { return 1; }},
      {"stddev_over_time",
       [](const Window& w) -> Result { return std::sqrt(Variance(ValuesOf(w))); }},
      {"stdvar_over_time", [](const Window& w) -> Result { return Variance(ValuesOf(w)); }},
      {"quantile_over_time",
       [](const Window& w) -> Result { return Quantile(w.parameter, ValuesOf(w)); }},
      {"ts_of_first_over_time",
       [](const Window& w) -> Result { return Seconds(w.samples.front().time_ms); }},
      {"ts_of_last_over_time",
       [](const Window& w) -> Result { return Seconds(w.samples.back().time_ms); }},
      {"ts_of_min_over_time",
       [](const Window& w) { return TimeOf(w, [](double a, double b) { return a < b; }); }},
      {"ts_of_max_over_time",
       [](const Window& w) { return TimeOf(w, [](double a, double b) { return a > b; }); }},
  };
  return functions;
}

// The labels absent() and absent_over_time() answer with: what the selector asks for by `=`, once.
Labels AbsentLabels(const promql::Expr& arg) {
  const promql::Expr& expr = promql::Unwrap(arg);
  const promql::VectorSelector* selector = nullptr;
  if (expr.kind == promql::ExprKind::kVectorSelector) {
    selector = &promql::As<promql::VectorSelector>(expr);
  } else if (expr.kind == promql::ExprKind::kMatrixSelector) {
    selector = promql::As<promql::MatrixSelector>(expr).selector.get();
  } else {
    return Labels();
  }
  LabelsBuilder labels;
  std::map<std::string, bool> has;
  for (const promql::Matcher& matcher : selector->matchers) {
    if (matcher.name == kMetricName) continue;
    if (matcher.op == promql::MatchOp::kEqual && !has[matcher.name]) {
      labels.Set(matcher.name, matcher.value);
      has[matcher.name] = true;
    } else {
      labels.Delete(matcher.name);
    }
  }
  return labels.Build();
}

Value Absent(const Call& call, bool empty) {
  if (!empty) return VectorValue({});
  return VectorValue({{AbsentLabels(*call.expr.args[0]), 1}});
}

bool HasFloats(const Series& series) {
  return std::any_of(series.samples.begin(), series.samples.end(),
                     [](const Point& sample) { return !sample.histogram; });
}

bool HasHistograms(const Series& series) {
  return std::any_of(series.samples.begin(), series.samples.end(),
                     [](const Point& sample) { return sample.histogram != nullptr; });
}

bool LooksLikeCounter(absl::string_view name) {
  return name.empty() || absl::EndsWith(name, "_total") || absl::EndsWith(name, "_sum") ||
         absl::EndsWith(name, "_count") || absl::EndsWith(name, "_bucket");
}

void Annotate(Evaluator& evaluator, const Call& call, const std::string& function,
              const promql::Expr& matrix_arg, const Value& matrix) {
  if (function == "rate" || function == "increase") {
    for (const Series& series : matrix.matrix) {
      if (LooksLikeCounter(series.labels.metric_name()) || !HasFloats(series)) continue;
      evaluator.Info(absl::StrCat("metric might not be a counter, name does not end in "
                                  "_total/_sum/_count/_bucket: \"",
                                  series.labels.metric_name(), "\""),
                     matrix_arg);
    }
  }
  if (function == "quantile_over_time" &&
      std::any_of(matrix.matrix.begin(), matrix.matrix.end(), HasFloats)) {
    const double q = call.args[0].scalar;
    if (!(q >= 0 && q <= 1)) {
      evaluator.Warn(absl::StrCat("quantile value should be between 0 and 1, got ",
                                  std::isnan(q) ? "NaN" : absl::StrCat(q)),
                     *call.expr.args[0]);
    }
  }
}

}  // namespace

absl::StatusOr<Value> RangeFunction(Evaluator& evaluator, const Call& call) {
  const std::string name = call.expr.function->name;
  if (name == "absent") return Absent(call, call.args[0].vector.empty());
  if (name == "absent_over_time") return Absent(call, call.args[0].matrix.empty());
  const auto function = Functions().find(name);
  if (function == Functions().end()) return absl::UnimplementedError("");

  const size_t matrix_at = name == "quantile_over_time" ? 1 : 0;
  const Value& matrix = call.args[matrix_at];
  double parameter = 0;
  if (call.args.size() == 2) parameter = call.args[1 - matrix_at].scalar;
  Annotate(evaluator, call, name, *call.expr.args[matrix_at], matrix);

  std::vector<Element> result;
  for (const Series& series : matrix.matrix) {
    Element element{series.labels, 0, series.drop_name};
    if (HasHistograms(series)) {
      const auto mixed = WithHistograms(
          evaluator, {name, series, matrix.range_begin_ms, matrix.range_end_ms, call});
      if (!mixed) continue;
      element.value = mixed->value;
      element.histogram = mixed->histogram;
      if (!mixed->of_floats.empty()) {
        const Window window{mixed->of_floats, matrix.range_begin_ms, matrix.range_end_ms, call.t_ms,
                            parameter};
        const Result value = function->second(window);
        if (!value.has_value()) continue;
        element.value = *value;
      }
    } else {
      const Window window{series.samples, matrix.range_begin_ms, matrix.range_end_ms, call.t_ms,
                          parameter};
      const Result value = function->second(window);
      if (!value.has_value()) continue;
      element.value = *value;
    }
    const bool keeps_name = name == "last_over_time" || name == "first_over_time";
    if (!keeps_name) evaluator.DropName(&element);
    result.push_back(std::move(element));
  }
  return VectorValue(std::move(result));
}

}  // namespace tocsin::naive
