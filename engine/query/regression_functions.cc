// Functions over a range that fit a line to it: deriv, predict_linear.
#include <cmath>
#include <limits>

#include "engine/query/kahan.h"
#include "engine/query/range_function.h"

namespace tocsin::engine {
namespace {

struct Line {
  double slope = 0;      // per second
  double intercept = 0;  // at the instant asked for
};

// Least squares over (time - origin, value). Exact for constant values.
Line Fit(const Samples& samples, int64_t origin_ms) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  KahanSum x_sum, y_sum, xy_sum, xx_sum;
  bool constant = true;
  for (size_t i = 0; i < samples.size; ++i) {
    const double y = samples.values[i];
    const double x = static_cast<double>(samples.times[i] - origin_ms) / 1e3;
    if (i > 0 && y != samples.values[0]) constant = false;
    x_sum.Add(x);
    y_sum.Add(y);
    xy_sum.Add(x * y);
    xx_sum.Add(x * x);
  }
  if (constant) {
    if (std::isinf(samples.values[0])) return {kNan, kNan};
    return {0, samples.values[0]};
  }
  const double n = static_cast<double>(samples.size);
  const double x = x_sum.sum + x_sum.rest, y = y_sum.sum + y_sum.rest;
  const double covariance = xy_sum.sum + xy_sum.rest - x * y / n;
  const double variance = xx_sum.sum + xx_sum.rest - x * x / n;
  const double slope = covariance / variance;
  return {slope, y / n - slope * x / n};
}

struct Deriv {
  static constexpr bool kTracks = false;
  bool operator()(const Samples& samples, const RangeCall&, Scan*, double& out) const {
    if (samples.size < 2) return false;
    out = Fit(samples, samples.times[0]).slope;
    return true;
  }
};

struct PredictLinear {
  static constexpr bool kTracks = false;
  bool operator()(const Samples& samples, const RangeCall& call, Scan*, double& out) const {
    if (samples.size < 2) return false;
    const Line line = Fit(samples, call.t);
    out = line.slope * call.param + line.intercept;
    return true;
  }
};

}  // namespace

OperatorPtr MakeRegressionFunction(absl::string_view name, std::shared_ptr<RangeVector> range,
                                   OperatorPtr param, NameRule drop) {
  if (name == "deriv") return std::make_shared<RangeFunction<Deriv>>(range, nullptr, drop);
  if (name == "predict_linear") {
    return std::make_shared<RangeFunction<PredictLinear>>(range, param, drop);
  }
  return nullptr;
}

}  // namespace tocsin::engine
