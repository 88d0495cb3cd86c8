// Functions over a range that fit a line to it by least squares: deriv, predict_linear.
//
// Running sums of times (exact, in whole milliseconds since the first sample entered) and of values
// (twice a double's precision). Exact for constant values. Where these overflow, which is earlier
// than Prometheus' sums do, the window is added up as Prometheus does.
#include <cmath>
#include <limits>

#include "absl/numeric/int128.h"
#include "base/kahan.h"
#include "engine/query/range_function.h"
#include "engine/query/sliding_sum.h"

namespace tocsin::engine {
namespace {

struct Regression : KernelDefaults {
  struct State {
    int64_t origin_ms = INT64_MIN;
    int64_t x = 0;        // sums: of the time since the origin,
    absl::int128 xx = 0;  // its square,
    DoubleDouble y, xy;   // the values, and the products
    DriftGuard guard;
    ConstantRun run;
    uint32_t not_finite = 0;
  };

  State Fresh(size_t row) const {
    State state;
    state.guard = DriftGuard(row);
    return state;
  }
  void Enter(State& state, uint32_t position, const Sample& sample, const Column&) const {
    if (state.origin_ms == INT64_MIN) state.origin_ms = sample.time_ms;
    state.run.Enter(position, sample.value);
    Add(state, sample, 1);
    if (std::isfinite(sample.value)) state.guard.Entered(std::fabs(sample.value));
  }
  void Expire(State& state, const Sample& sample, const Sample*, const WindowCursor&) const {
    Add(state, sample, -1);
    if (std::isfinite(sample.value)) {
      state.guard.Left(std::fabs(sample.value), DriftGuard::kOfSums);
    }
  }
  bool Drifted(const State& state, const WindowCursor& cursor) const {
    return state.guard.drifted(cursor.samples) || !std::isfinite(state.xy.hi) ||
           !std::isfinite(state.y.hi);
  }

  static void Add(State& state, const Sample& sample, int sign) {
    const int64_t x = sample.time_ms - state.origin_ms;
    state.x += sign * x;
    state.xx += sign * static_cast<absl::int128>(x) * x;
    if (!std::isfinite(sample.value)) {
      state.not_finite += static_cast<uint32_t>(sign);
      return;
    }
    state.y.Add(sign * sample.value);
    state.xy.AddProduct(static_cast<double>(sign * x), sample.value);
  }

  struct Line {
    double slope = 0;   // per ms
    double mean_x = 0;  // ms since the origin
    double mean_y = 0;
  };
};

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Of at least two samples.
Regression::Line LineOf(const Regression::State& state, const WindowCursor& cursor) {
  if (state.not_finite > 0) return {kNan, 0, kNan};
  const double samples = cursor.samples;
  const double mean_x = static_cast<double>(state.x) / samples;
  if (state.run.Covers(cursor.begin)) return {0, mean_x, state.run.last};
  const DoubleDouble n{samples, 0}, x{static_cast<double>(state.x), 0};
  const double covariance = (n * state.xy - x * state.y).Get();
  const absl::int128 variance =
      state.xx * cursor.samples - static_cast<absl::int128>(state.x) * state.x;
  return {covariance / static_cast<double>(variance), mean_x, state.y.Get() / samples};
}

// Prometheus' least squares over (seconds since `origin_ms`, value), with its order of steps.
struct Fit {
  double slope = 0;      // per second
  double intercept = 0;  // at the origin
};
Fit FitOf(const Samples& samples, int64_t origin_ms) {
  KahanSum x, y, xx, xy;
  for (size_t i = 0; i < samples.size; ++i) {
    const double seconds = static_cast<double>(samples.times[i] - origin_ms) / 1000;
    x.Add(seconds);
    y.Add(samples.values[i]);
    xx.Add(seconds * seconds);
    xy.Add(seconds * samples.values[i]);
  }
  const double n = static_cast<double>(samples.size);
  const double sum_x = x.sum + x.rest, sum_y = y.sum + y.rest;
  const double covariance = (xy.sum + xy.rest) - sum_x * sum_y / n;
  const double variance = (xx.sum + xx.rest) - sum_x * sum_x / n;
  const double slope = covariance / variance;
  return {slope, sum_y / n - slope * sum_x / n};
}

// The running sums gave `result`, but the samples may have a better one.
bool Overflowed(const Regression::State& state, double result) {
  return !std::isfinite(result) && state.not_finite == 0;
}

struct Deriv : Regression {
  bool Value(const State& state, const RowWindow& window, double& out) const {
    if (window.cursor.samples < 2) return false;
    out = LineOf(state, window.cursor).slope * 1000;
    if (Overflowed(state, out)) out = FitOf(window.Read(), window.cursor.first.time_ms).slope;
    return true;
  }
};

struct PredictLinear : Regression {
  bool Value(const State& state, const RowWindow& window, double& out) const {
    if (window.cursor.samples < 2) return false;
    const Line line = LineOf(state, window.cursor);
    const double now = static_cast<double>(window.t - state.origin_ms);
    out = line.mean_y + line.slope * (now - line.mean_x) + line.slope * 1000 * window.param;
    if (!Overflowed(state, out)) return true;
    const Fit fit = FitOf(window.Read(), window.t);
    out = fit.slope * window.param + fit.intercept;
    return true;
  }
};

}  // namespace

OperatorPtr MakeRegressionFunction(absl::string_view name, std::shared_ptr<RangeVector> range,
                                   OperatorPtr param, NameRule drop) {
  if (name == "deriv") return MakeRangeFunctionOf(range, drop, Deriv());
  if (name == "predict_linear") {
    return std::make_shared<RangeFunction<PredictLinear>>(range, param, drop);
  }
  return nullptr;
}

}  // namespace tocsin::engine
