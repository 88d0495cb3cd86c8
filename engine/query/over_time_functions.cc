// Functions over a range that fold its samples: <aggregation>_over_time.
//
// Sums run over the whole window at each evaluation, in Prometheus' order and with its
// compensation: a running sum would be cheaper but not equal bit for bit. Extremes remember where
// the current one stands.
#include <cmath>

#include "engine/query/kahan.h"
#include "engine/query/quantile.h"
#include "engine/query/range_function.h"

namespace tocsin::engine {
namespace {

struct Untracked {
  static constexpr bool kTracks = false;
};

struct SumOverTime : Untracked {
  bool operator()(const Samples& samples, const RangeCall&, Scan*, double& out) const {
    KahanSum sum;
    for (size_t i = 0; i < samples.size; ++i) sum.Add(samples.values[i]);
    out = std::isinf(sum.sum) ? sum.sum : sum.sum + sum.rest;
    return true;
  }
};

struct AvgOverTime : Untracked {
  bool operator()(const Samples& samples, const RangeCall&, Scan*, double& out) const {
    KahanMean mean(samples.values[0]);
    for (size_t i = 1; i < samples.size; ++i) mean.Add(samples.values[i]);
    out = mean.Get();
    return true;
  }
};

struct CountOverTime : Untracked {
  bool operator()(const Samples& samples, const RangeCall&, Scan*, double& out) const {
    out = static_cast<double>(samples.size);
    return true;
  }
};

struct PresentOverTime : Untracked {
  bool operator()(const Samples&, const RangeCall&, Scan*, double& out) const {
    out = 1;
    return true;
  }
};

// first_over_time, last_over_time and the times of these samples.
struct EndOverTime : Untracked {
  bool last = true;
  bool time = false;

  EndOverTime(bool take_last, bool take_time) : last(take_last), time(take_time) {}
  bool operator()(const Samples& samples, const RangeCall&, Scan*, double& out) const {
    const size_t at = last ? samples.size - 1 : 0;
    out = time ? static_cast<double>(samples.times[at]) / 1000 : samples.values[at];
    return true;
  }
};

// max_over_time, min_over_time. NaN gives way to any number. The last of equal samples is
// remembered, since it stays in the window longest.
struct ExtremeOverTime {
  static constexpr bool kTracks = true;
  bool max = true;
  bool time = false;

  bool Replaces(double value, double best) const {
    return (max ? value >= best : value <= best) || std::isnan(best);
  }
  bool operator()(const Samples& samples, const RangeCall&, Scan* scan, double& out) const {
    size_t i = Resume(samples, *scan);
    if (i == 0 || scan->mark < samples.position) {
      scan->mark = samples.position;
      i = 1;
    }
    size_t best = scan->mark - samples.position;
    for (; i < samples.size; ++i) {
      if (Replaces(samples.values[i], samples.values[best])) best = i;
    }
    scan->mark = samples.position + best;
    out = time ? static_cast<double>(samples.times[best]) / 1000 : samples.values[best];
    return true;
  }
};

// stdvar_over_time, stddev_over_time: Welford's method, both sums compensated.
struct DeviationOverTime : Untracked {
  bool root = true;

  explicit DeviationOverTime(bool take_root) : root(take_root) {}
  bool operator()(const Samples& samples, const RangeCall&, Scan*, double& out) const {
    KahanSum mean, squares;
    double count = 0;
    for (size_t i = 0; i < samples.size; ++i) {
      count += 1;
      const double delta = samples.values[i] - (mean.sum + mean.rest);
      mean.Add(delta / count);
      squares.Add(delta * (samples.values[i] - (mean.sum + mean.rest)));
    }
    const double variance = (squares.sum + squares.rest) / count;
    out = root ? std::sqrt(variance) : variance;
    return true;
  }
};

struct MadOverTime : Untracked {
  std::vector<double> values;

  bool operator()(const Samples& samples, const RangeCall&, Scan*, double& out) {
    values.assign(samples.values, samples.values + samples.size);
    const double median = Quantile(0.5, values);
    for (double& value : values) value = std::fabs(value - median);
    out = Quantile(0.5, values);
    return true;
  }
};

struct QuantileKernel : Untracked {
  std::vector<double> values;

  bool operator()(const Samples& samples, const RangeCall& call, Scan*, double& out) {
    values.assign(samples.values, samples.values + samples.size);
    out = Quantile(call.param, values);
    return true;
  }
};

class QuantileOverTime final : public RangeFunction<QuantileKernel> {
 public:
  using RangeFunction::RangeFunction;

 protected:
  void Seen(size_t) override {
    if (!notes_.empty()) return;
    std::string text = InvalidQuantileText(scalar(1));
    if (!text.empty()) notes_.push_back({true, std::move(text)});
  }
};

template <typename Kernel, typename... Args>
OperatorPtr Make(std::shared_ptr<RangeVector> range, NameRule rule, Args... args) {
  return std::make_shared<RangeFunction<Kernel>>(range, nullptr, rule, Kernel{args...});
}

}  // namespace

OperatorPtr MakeOverTimeFunction(absl::string_view name, std::shared_ptr<RangeVector> range,
                                 OperatorPtr param, NameRule drop) {
  if (name == "sum_over_time") return Make<SumOverTime>(range, drop);
  if (name == "avg_over_time") return Make<AvgOverTime>(range, drop);
  if (name == "count_over_time") return Make<CountOverTime>(range, drop);
  if (name == "present_over_time") return Make<PresentOverTime>(range, drop);
  if (name == "max_over_time") return Make<ExtremeOverTime>(range, drop, true);
  if (name == "min_over_time") return Make<ExtremeOverTime>(range, drop, false);
  if (name == "ts_of_max_over_time") return Make<ExtremeOverTime>(range, drop, true, true);
  if (name == "ts_of_min_over_time") return Make<ExtremeOverTime>(range, drop, false, true);
  if (name == "last_over_time") return Make<EndOverTime>(range, NameRule::kKeep, true, false);
  if (name == "first_over_time") return Make<EndOverTime>(range, NameRule::kKeep, false, false);
  if (name == "ts_of_last_over_time") return Make<EndOverTime>(range, drop, true, true);
  if (name == "ts_of_first_over_time") return Make<EndOverTime>(range, drop, false, true);
  if (name == "stddev_over_time") return Make<DeviationOverTime>(range, drop, true);
  if (name == "stdvar_over_time") return Make<DeviationOverTime>(range, drop, false);
  if (name == "mad_over_time") return Make<MadOverTime>(range, drop);
  if (name == "quantile_over_time") return std::make_shared<QuantileOverTime>(range, param, drop);
  return nullptr;
}

}  // namespace tocsin::engine
