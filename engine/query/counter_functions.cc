// Functions over a range that compare neighbours: rate and its relatives, changes, resets.
#include <algorithm>
#include <cmath>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/query/double_double.h"
#include "engine/query/range_function.h"

namespace tocsin::engine {
namespace {

bool IsReset(double before, double after) {
  return after < before;
}
bool IsChange(double before, double after) {
  return before != after && !(std::isnan(before) && std::isnan(after));
}

// How many neighbours in the window an event lies between.
struct Events {
  double last = 0;
  uint32_t count = 0;
  bool any = false;  // there is a last one

  template <typename IsEvent>
  void Enter(double value, IsEvent&& is_event) {
    if (any && is_event(last, value)) ++count;
    last = value;
    any = true;
  }
  template <typename IsEvent>
  void Expire(const Sample& sample, const Sample* next, IsEvent&& is_event) {
    if (count > 0 && next != nullptr && is_event(sample.value, next->value)) --count;
  }
};

// The last sample, and the sum of what was lost at resets: few windows have one, so that lies
// elsewhere.
class Resets {
 public:
  struct Lost {
    DoubleDouble values;  // before the resets
    uint32_t resets = 0;
  };

  Resets() = default;
  Resets(Resets&&) = default;
  Resets& operator=(Resets&&) = default;
  Resets(const Resets& other)
      : last_(other.last_),
        lost_(other.lost_ == nullptr ? nullptr : std::make_unique<Lost>(*other.lost_)) {}
  Resets& operator=(const Resets& other) { return *this = Resets(other); }

  void Enter(const Sample& sample, bool counter) {
    if (counter && last_.time_ms != INT64_MIN && IsReset(last_.value, sample.value)) [[unlikely]] {
      if (lost_ == nullptr) lost_ = std::make_unique<Lost>();
      ++lost_->resets;
      lost_->values.Add(last_.value);
    }
    last_ = sample;
  }
  void Expire(const Sample& sample, const Sample* next) {
    if (lost_ == nullptr || next == nullptr || !IsReset(sample.value, next->value)) return;
    lost_->values.Add(-sample.value);
    if (--lost_->resets == 0) lost_ = nullptr;
  }
  const Sample& last() const { return last_; }
  // Null: nothing.
  const Lost* lost() const { return lost_.get(); }

 private:
  Sample last_{INT64_MIN, 0};  // INT64_MIN: there is none
  std::unique_ptr<Lost> lost_;
};

struct RateKind {
  bool counter = true;  // falling means starting again from zero; never extrapolated below zero
  bool per_second = true;
};

// rate, increase, delta: last - first, plus what resets took away, stretched to the whole range.
// Towards each end the stretch is the gap to it if that is below 1.1 times the mean distance of
// samples, else half that distance.
struct ExtrapolatedRate : KernelDefaults {
  using State = Resets;  // none of a gauge's
  RateKind kind;

  explicit ExtrapolatedRate(RateKind k) : kind(k) {}
  State Fresh(size_t) const { return {}; }
  void Enter(State& state, uint32_t, const Sample& sample, const Column&) const {
    state.Enter(sample, kind.counter);
  }
  void Expire(State& state, const Sample& sample, const Sample* next, const WindowCursor&) const {
    state.Expire(sample, next);
  }
  // An infinity that was lost at a reset does not leave the sum any more.
  bool Drifted(const State& state, const WindowCursor&) const {
    return state.lost() != nullptr && !std::isfinite(state.lost()->values.hi);
  }

  bool Value(const State& state, const RowWindow& window, double& out) const {
    if (window.cursor.samples < 2) return false;
    const double result = Growth(state, window);
    out = result * Factor(state, window, result);
    return true;
  }

  static double Growth(const State& state, const RowWindow& window) {
    const double first = window.cursor.first.value, last = state.last().value;
    if (state.lost() == nullptr) return last - first;
    const DoubleDouble& lost = state.lost()->values;
    if (!std::isfinite(lost.hi)) return AddUp(window.Read());
    DoubleDouble growth = lost;
    growth.Add(last);
    growth.Add(-first);
    return std::isfinite(growth.hi) ? growth.Get() : last - first + lost.Get();
  }

  static double AddUp(const Samples& samples) {
    if (samples.size == 0) return 0;
    double result = samples.values[samples.size - 1] - samples.values[0];
    for (size_t i = 1; i < samples.size; ++i) {
      if (IsReset(samples.values[i - 1], samples.values[i])) result += samples.values[i - 1];
    }
    return result;
  }

  double Factor(const State& state, const RowWindow& window, double result) const {
    const Sample& first = window.cursor.first;
    if (!timing_.IsOf(first.time_ms, state.last().time_ms, window)) {
      Retime(first.time_ms, state.last().time_ms, window);
    }
    if (!kind.counter || !(result > 0 && first.value >= 0)) return timing_.factor;
    // Where the counter would have been zero, if that may be nearer than the start: the division
    // is saved where it cannot.
    constexpr double kClearly = 1.000001;
    if (first.value * timing_.sampled > timing_.to_start * result * kClearly) return timing_.factor;
    return timing_.FactorFrom(timing_.sampled * (first.value / result));
  }

 private:
  // What depends on times alone. Neighbours mostly come from the same requests and share it.
  struct Timing {
    int64_t first_ms = INT64_MAX, last_ms = 0, begin_ms = 0, end_ms = 0;
    uint32_t samples = 0;
    double sampled = 0, to_start = 0, to_end = 0;  // seconds
    double range = 0;                              // seconds; 1 if it is not per second
    double factor = 0;

    Timing() = default;
    Timing(int64_t first, int64_t last, const RowWindow& window, bool per_second)
        : first_ms(first),
          last_ms(last),
          begin_ms(window.begin_ms),
          end_ms(window.end_ms),
          samples(window.cursor.samples) {
      sampled = static_cast<double>(last - first) / 1000;
      const double spacing = sampled / static_cast<double>(samples - 1);
      const double threshold = spacing * 1.1;
      to_start = static_cast<double>(first - begin_ms) / 1000;
      to_end = static_cast<double>(end_ms - last) / 1000;
      if (to_start >= threshold) to_start = spacing / 2;
      if (to_end >= threshold) to_end = spacing / 2;
      range = per_second ? window.seconds() : 1;
      factor = FactorFrom(to_start);
    }
    bool IsOf(int64_t first, int64_t last, const RowWindow& window) const {
      return first == first_ms && last == last_ms && samples == window.cursor.samples &&
             begin_ms == window.begin_ms && end_ms == window.end_ms;
    }
    double FactorFrom(double before) const {
      return (sampled + std::min(to_start, before) + to_end) / sampled / range;
    }
  };
  // Apart: inlined, its reads in pairs would be made for each row and wait for what that just
  // wrote.
  [[gnu::noinline]] void Retime(int64_t first_ms, int64_t last_ms, const RowWindow& window) const {
    timing_ = Timing(first_ms, last_ms, window, kind.per_second);
  }
  mutable Timing timing_;
};

// irate, idelta: the last two samples.
struct InstantRate : KernelDefaults {
  struct State {
    Sample last, before;
  };
  bool rate = true;

  explicit InstantRate(bool r) : rate(r) {}
  State Fresh(size_t) const { return {}; }
  void Enter(State& state, uint32_t, const Sample& sample, const Column&) const {
    state.before = state.last;
    state.last = sample;
  }
  bool Value(const State& state, const RowWindow& window, double& out) const {
    if (window.cursor.samples < 2) return false;
    const double after = state.last.value, before = state.before.value;
    out = rate && IsReset(before, after) ? after : after - before;
    if (rate) out /= static_cast<double>(state.last.time_ms - state.before.time_ms) / 1000;
    return true;
  }
};

// changes, resets: how many neighbours differ in that way.
template <bool (*kEvent)(double, double)>
struct CountEvents : KernelDefaults {
  using State = Events;

  State Fresh(size_t) const { return {}; }
  void Enter(State& state, uint32_t, const Sample& sample, const Column&) const {
    state.Enter(sample.value, kEvent);
  }
  void Expire(State& state, const Sample& sample, const Sample* next, const WindowCursor&) const {
    state.Expire(sample, next, kEvent);
  }
  bool Value(const State& state, const RowWindow&, double& out) const {
    out = state.count;
    return true;
  }
};

// A rate that tells when a metric's name does not look like a counter's.
class CounterRate final : public RangeFunction<ExtrapolatedRate> {
 public:
  using RangeFunction::RangeFunction;

 protected:
  bool Index() override {
    const uint64_t layout = layout_;
    RangeFunction::Index();
    if (layout != layout_) {
      doubt_of_row_.clear();
      doubts_.clear();
    }
    for (size_t row = doubt_of_row_.size(); row < rows_; ++row) {
      doubt_of_row_.push_back(DoubtAbout(input(0).LabelsOf(row).metric_name()));
    }
    return true;
  }

  // Each metric once, and no further than the last of them.
  void Annotate() override {
    told_.assign(doubts_.size(), false);
    size_t left = std::min(doubts_.size(), kNotesMax);
    for (size_t row = 0; left > 0 && row < rows_; ++row) {
      const uint32_t doubt = doubt_of_row_[row];
      if (doubt == kNone || told_[doubt] || !HasFloats(row)) continue;
      told_[doubt] = true;
      --left;
      Tell(doubts_[doubt]);
    }
  }

 private:
  static constexpr size_t kNotesMax = 10;
  static constexpr uint32_t kNone = UINT32_MAX;

  uint32_t DoubtAbout(absl::string_view metric) {
    if (!IsDoubtful(metric)) return kNone;
    const auto known = std::find(doubts_.begin(), doubts_.end(), metric);
    const auto doubt = static_cast<uint32_t>(known - doubts_.begin());
    if (known == doubts_.end()) doubts_.emplace_back(metric);
    return doubt;
  }
  void Tell(absl::string_view metric) {
    notes_.push_back({false, absl::StrCat("metric might not be a counter, name does not end in "
                                          "_total/_sum/_count/_bucket: \"",
                                          metric, "\"")});
  }
  static bool IsDoubtful(absl::string_view name) {
    return !name.empty() && !absl::EndsWith(name, "_total") && !absl::EndsWith(name, "_sum") &&
           !absl::EndsWith(name, "_count") && !absl::EndsWith(name, "_bucket");
  }

  std::vector<std::string> doubts_;     // metrics
  std::vector<uint32_t> doubt_of_row_;  // kNone: its name is a counter's
  std::vector<bool> told_;              // at this evaluation
};

}  // namespace

OperatorPtr MakeCounterFunction(absl::string_view name, std::shared_ptr<RangeVector> range,
                                NameRule drop) {
  if (name == "rate" || name == "increase") {
    return std::make_shared<CounterRate>(range, nullptr, drop,
                                         ExtrapolatedRate({true, name == "rate"}));
  }
  if (name == "delta") {
    return MakeRangeFunctionOf(range, drop, ExtrapolatedRate({false, false}));
  }
  if (name == "irate" || name == "idelta") {
    return MakeRangeFunctionOf(range, drop, InstantRate(name == "irate"));
  }
  if (name == "changes") {
    return MakeRangeFunctionOf(range, drop, CountEvents<IsChange>());
  }
  if (name == "resets") {
    return MakeRangeFunctionOf(range, drop, CountEvents<IsReset>());
  }
  return nullptr;
}

}  // namespace tocsin::engine
