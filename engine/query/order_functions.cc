// Functions over a range that depend on the order of its values: max_over_time, min_over_time,
// quantile_over_time, mad_over_time and the times of extremes.
#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/query/quantile.h"
#include "engine/query/range_function.h"

namespace tocsin::engine {
namespace {

// Positions in ascending order that come at the back and go at either end.
class PositionQueue {
 public:
  bool empty() const { return head_ == positions_.size(); }
  uint32_t front() const { return positions_[head_]; }
  uint32_t back() const { return positions_.back(); }
  void PushBack(uint32_t position) { positions_.push_back(position); }
  void PopBack() { positions_.pop_back(); }
  void PopFront() {
    ++head_;
    if (head_ < 16 && head_ < positions_.size()) return;
    if (head_ * 2 < positions_.size()) return;
    positions_.erase(positions_.begin(), positions_.begin() + head_);
    head_ = 0;
  }

 private:
  std::vector<uint32_t> positions_;
  uint32_t head_ = 0;
};

// A monotonic queue: each sample in it beats all that came after, so the first is the extreme, and
// a sample is put in and taken out once. NaN gives way to any number; of equal samples the last
// stays, since it is in the window longest.
struct ExtremeOverTime : KernelDefaults {
  struct State {
    PositionQueue queue;
    Sample best;
    Sample last;
  };
  bool max = true;
  bool time = false;

  ExtremeOverTime(bool take_max, bool take_time) : max(take_max), time(take_time) {}
  State Fresh(size_t) const { return {}; }
  void Enter(State& state, uint32_t position, const Sample& sample, const Column& column) const {
    state.last = sample;
    if (std::isnan(sample.value)) return;
    while (!state.queue.empty()) {
      const double back = column.at(state.queue.back()).value;
      if (max ? back > sample.value : back < sample.value) break;
      state.queue.PopBack();
    }
    state.queue.PushBack(position);
  }
  void Expire(State& state, const Sample&, const Sample*, const WindowCursor& cursor) const {
    if (!state.queue.empty() && state.queue.front() < cursor.begin) state.queue.PopFront();
  }
  void Settle(State& state, const WindowCursor&, const Column& column) const {
    state.best = state.queue.empty() ? state.last : column.at(state.queue.front());
  }
  bool Value(const State& state, const RowWindow&, double& out) const {
    out = time ? static_cast<double>(state.best.time_ms) / 1000 : state.best.value;
    return true;
  }
};

// The samples of the window, sorted: finding a place takes a binary search, making room moves at
// most 8 bytes a sample.
struct QuantileOverTime : KernelDefaults {
  using State = std::vector<double>;

  State Fresh(size_t) const { return {}; }
  void Enter(State& sorted, uint32_t, const Sample& sample, const Column&) const {
    sorted.insert(std::upper_bound(sorted.begin(), sorted.end(), sample.value, QuantileOrder),
                  sample.value);
  }
  void Expire(State& sorted, const Sample& sample, const Sample*, const WindowCursor&) const {
    const auto at = std::lower_bound(sorted.begin(), sorted.end(), sample.value, QuantileOrder);
    sorted.erase(at);
  }
  bool Value(const State& sorted, const RowWindow& window, double& out) const {
    out = QuantileOfSorted(window.param, sorted);
    return true;
  }
};

class QuantileFunction final : public RangeFunction<QuantileOverTime> {
 public:
  using RangeFunction::RangeFunction;

 protected:
  void Annotate() override {
    std::string text = InvalidQuantileText(scalar(1));
    if (text.empty()) return;
    for (size_t row = 0; row < rows_; ++row) {
      if (!HasFloats(row)) continue;
      notes_.push_back({true, std::move(text)});
      return;
    }
  }
};

// The median distance from the median.
struct MadOverTime : KernelDefaults {
  struct State {};

  State Fresh(size_t) const { return {}; }
  bool Value(const State&, const RowWindow& window, double& out) const {
    const Samples samples = window.Read();
    std::vector<double> values(samples.values, samples.values + samples.size);
    const double median = Quantile(0.5, values);
    for (double& value : values) value = std::fabs(value - median);
    out = Quantile(0.5, values);
    return true;
  }
};

template <typename Kernel>
OperatorPtr Make(std::shared_ptr<RangeVector> range, NameRule rule, Kernel kernel) {
  return std::make_shared<RangeFunction<Kernel>>(range, nullptr, rule, kernel);
}

}  // namespace

OperatorPtr MakeOrderFunction(absl::string_view name, std::shared_ptr<RangeVector> range,
                              OperatorPtr param, NameRule drop) {
  if (name == "max_over_time") return Make(range, drop, ExtremeOverTime(true, false));
  if (name == "min_over_time") return Make(range, drop, ExtremeOverTime(false, false));
  if (name == "ts_of_max_over_time") return Make(range, drop, ExtremeOverTime(true, true));
  if (name == "ts_of_min_over_time") return Make(range, drop, ExtremeOverTime(false, true));
  if (name == "quantile_over_time") return std::make_shared<QuantileFunction>(range, param, drop);
  if (name == "mad_over_time") return Make(range, drop, MadOverTime());
  return nullptr;
}

}  // namespace tocsin::engine
