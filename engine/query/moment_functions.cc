// Sums, means and deviations over a range: sum_over_time, avg_over_time, stdvar_over_time,
// stddev_over_time. Running sums in twice the precision of a double, so that what a window gives
// does not depend on the way it slid; equal to Prometheus' compensated sums but for the last bit or
// two.
#include <limits>
#include <utility>

#include "base/kahan.h"
#include "engine/query/range_function.h"
#include "engine/query/sliding_sum.h"

namespace tocsin::engine {

double SlidingSum::NotFinite() const {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (others_.nan > 0 || (others_.up > 0 && others_.down > 0)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  return others_.up > 0 ? kInfinity : -kInfinity;
}

void SlidingSum::Count(double value, uint32_t by) {
  if (std::exchange(finite_, false)) others_ = {};
  (std::isnan(value) ? others_.nan : value > 0 ? others_.up : others_.down) += by;
}

namespace {

struct SumKernel : KernelDefaults {
  using State = SlidingSum;

  State Fresh(size_t row) const { return SlidingSum(row); }
  void Enter(State& state, uint32_t, const Sample& sample, const Column&) const {
    state.Enter(sample.value);
  }
  void Expire(State& state, const Sample& sample, const Sample*, const WindowCursor&) const {
    state.Expire(sample.value);
  }
  bool Drifted(const State& state, const WindowCursor& cursor) const {
    return state.drifted(cursor.samples);
  }
};

struct SumOverTime : SumKernel {
  bool Value(const State& state, const RowWindow& window, double& out) const {
    if (!state.finite()) {
      out = state.NotFinite();
    } else if (std::isfinite(state.sum().hi)) {
      out = state.sum().Get();
    } else {
      out = AddUp(window.Read());
    }
    return true;
  }
  static double AddUp(const Samples& samples) {
    KahanSum sum;
    for (size_t i = 0; i < samples.size; ++i) sum.Add(samples.values[i]);
    return std::isinf(sum.sum) ? sum.sum : sum.sum + sum.rest;
  }
};

struct AvgOverTime : SumKernel {
  bool Value(const State& state, const RowWindow& window, double& out) const {
    if (!state.finite()) {
      out = state.NotFinite();
    } else if (std::isfinite(state.sum().hi)) {
      out = state.sum().Get() / window.cursor.samples;
    } else {
      out = Mean(window.Read());
    }
    return true;
  }
  static double Mean(const Samples& samples) {
    if (samples.size == 0) return std::numeric_limits<double>::quiet_NaN();
    KahanMean mean(samples.values[0]);
    for (size_t i = 1; i < samples.size; ++i) mean.Add(samples.values[i]);
    return mean.Get();
  }
};

// From the sums of samples and of their squares. Where the deviation is so small against the values
// that even these sums do not hold it, the samples are looked at one by one.
struct DeviationOverTime : KernelDefaults {
  struct State {
    DoubleDouble sum, squares;
    DriftGuard guard;
    ConstantRun run;
    uint32_t not_finite = 0;
  };
  bool root = true;

  explicit DeviationOverTime(bool take_root) : root(take_root) {}
  State Fresh(size_t row) const { return {.guard = DriftGuard(row)}; }
  void Enter(State& state, uint32_t position, const Sample& sample, const Column&) const {
    const double value = sample.value;
    state.run.Enter(position, value);
    if (!std::isfinite(value)) {
      ++state.not_finite;
      return;
    }
    state.sum.Add(value);
    state.squares.AddProduct(value, value);
    state.guard.Entered(value * value);
  }
  void Expire(State& state, const Sample& sample, const Sample*, const WindowCursor&) const {
    const double value = sample.value;
    if (!std::isfinite(value)) {
      --state.not_finite;
      return;
    }
    state.sum.Add(-value);
    state.squares.AddProduct(-value, value);
    state.guard.Left(value * value, DriftGuard::kOfSquares);
  }
  bool Drifted(const State& state, const WindowCursor& cursor) const {
    return state.guard.drifted(cursor.samples) || !std::isfinite(state.squares.hi);
  }

  bool Value(const State& state, const RowWindow& window, double& out) const {
    const double variance = Variance(state, window);
    out = root ? std::sqrt(variance) : variance;
    return true;
  }

  static double Variance(const State& state, const RowWindow& window) {
    if (state.not_finite > 0) return std::numeric_limits<double>::quiet_NaN();
    if (state.run.Covers(window.cursor.begin)) return 0;
    constexpr double kTooSmall = 0x1p-44;
    const DoubleDouble n{static_cast<double>(window.cursor.samples), 0};
    const DoubleDouble n_squares = n * state.squares;
    const double spread = (n_squares - state.sum * state.sum).Get();
    if (!(spread > n_squares.hi * kTooSmall)) return Welford(window.Read());
    return spread / n.hi / n.hi;
  }

  // Welford's method, both sums compensated.
  static double Welford(const Samples& samples) {
    KahanSum mean, squares;
    double count = 0;
    for (size_t i = 0; i < samples.size; ++i) {
      count += 1;
      const double delta = samples.values[i] - (mean.sum + mean.rest);
      mean.Add(delta / count);
      squares.Add(delta * (samples.values[i] - (mean.sum + mean.rest)));
    }
    return (squares.sum + squares.rest) / count;
  }
};

}  // namespace

OperatorPtr MakeMomentFunction(absl::string_view name, std::shared_ptr<RangeVector> range,
                               NameRule drop) {
  if (name == "sum_over_time") return MakeRangeFunctionOf(range, drop, SumOverTime());
  if (name == "avg_over_time") return MakeRangeFunctionOf(range, drop, AvgOverTime());
  if (name == "stddev_over_time") return MakeRangeFunctionOf(range, drop, DeviationOverTime(true));
  if (name == "stdvar_over_time") return MakeRangeFunctionOf(range, drop, DeviationOverTime(false));
  return nullptr;
}

}  // namespace tocsin::engine
