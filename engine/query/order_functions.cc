// Functions over a range that depend on the order of its values: max_over_time, min_over_time,
// quantile_over_time, mad_over_time and the times of extremes.
#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "engine/query/quantile.h"
#include "engine/query/range_function.h"
#include "engine/query/rank_band.h"

namespace tocsin::engine {
namespace {

// Samples that come at the back and go at either end. Their times are in the column.
class SampleQueue {
 public:
  struct Entry {
    double value = 0;
    uint32_t position = 0;
  };
  const void* NeededSoon() const { return entries_.data() + head_; }
  bool empty() const { return head_ == entries_.size(); }
  const Entry& front() const { return entries_[head_]; }
  const Entry& back() const { return entries_.back(); }
  void PushBack(const Entry& entry) { entries_.push_back(entry); }
  void PopBack() { entries_.pop_back(); }
  void PopFront() {
    ++head_;
    const bool keep = head_ < kGoneMax && head_ < entries_.size();
    if (keep || head_ * 2 < entries_.size()) return;
    entries_.erase(entries_.begin(), entries_.begin() + head_);
    head_ = 0;
  }

 private:
  static constexpr uint32_t kGoneMax = 16;
  std::vector<Entry> entries_;
  uint32_t head_ = 0;
};

// A monotonic queue: each sample in it beats all that came after, so the first is the extreme, and
// a sample is put in and taken out once. NaN gives way to any number; of equal samples the last
// stays, since it is in the window longest. A series that only falls keeps its whole window here if
// the maximum is asked for.
struct ExtremeOverTime : KernelDefaults {
  struct State {
    SampleQueue queue;
    SampleQueue::Entry last;
  };
  bool max = true;
  bool time = false;

  ExtremeOverTime(bool take_max, bool take_time) : max(take_max), time(take_time) {}
  State Fresh(size_t) const { return {}; }
  const void* NeededSoon(const State& state) const { return state.queue.NeededSoon(); }
  void Enter(State& state, uint32_t position, const Sample& sample, const Column&) const {
    state.last = {sample.value, position};
    if (std::isnan(sample.value)) return;
    while (!state.queue.empty()) {
      const double back = state.queue.back().value;
      if (max ? back > sample.value : back < sample.value) break;
      // Of 0 and -0 the first counts, but not of their times.
      if (!time && back == sample.value && std::signbit(back) != std::signbit(sample.value)) break;
      state.queue.PopBack();
    }
    state.queue.PushBack(state.last);
  }
  void Expire(State& state, const Sample&, const Sample*, const WindowCursor& cursor) const {
    if (!state.queue.empty() && state.queue.front().position < cursor.begin) state.queue.PopFront();
  }
  bool Value(const State& state, const RowWindow& window, double& out) const {
    const SampleQueue::Entry& best = state.queue.empty() ? state.last : state.queue.front();
    out = time ? static_cast<double>(window.TimeOf(best.position)) / 1000 : best.value;
    return true;
  }
};

struct QuantileOverTime : KernelDefaults {
  using State = RankBand;

  State Fresh(size_t) const { return {}; }
  const void* NeededSoon(const State& band) const { return band.NeededSoon(); }
  void Enter(State& band, uint32_t, const Sample& sample, const Column&) const {
    band.Insert(sample.value);
  }
  void Expire(State& band, const Sample& sample, const Sample*, const WindowCursor&) const {
    band.Erase(sample.value);
  }
  bool Value(State& band, const RowWindow& window, double& out) const {
    out = QuantileOfRanked(window.param, band.size(), [&](size_t rank) {
      if (const double* value = band.Find(rank)) return *value;
      const Samples samples = window.Read();
      TOCSIN_CHECK(samples.size == band.size()) << "a window's samples are those that entered";
      band.Choose(samples.values, rank, window.row);
      return *band.Find(rank);
    });
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

// The median distance from the median: computed from all samples, once for as long as they stay.
struct MadOverTime : KernelDefaults {
  struct State {
    double value = 0;
    bool known = false;
  };

  State Fresh(size_t) const { return {}; }
  void Enter(State& state, uint32_t, const Sample&, const Column&) const { state.known = false; }
  void Expire(State& state, const Sample&, const Sample*, const WindowCursor&) const {
    state.known = false;
  }
  bool Value(State& state, const RowWindow& window, double& out) const {
    if (!state.known) state = {Mad(window.Read()), true};
    out = state.value;
    return true;
  }
  static double Mad(const Samples& samples) {
    std::vector<double> values(samples.values, samples.values + samples.size);
    const double median = Quantile(0.5, values);
    for (double& value : values) value = std::fabs(value - median);
    return Quantile(0.5, values);
  }
};

}  // namespace

OperatorPtr MakeOrderFunction(absl::string_view name, std::shared_ptr<RangeVector> range,
                              OperatorPtr param, NameRule drop) {
  if (name == "max_over_time")
    return MakeRangeFunctionOf(range, drop, ExtremeOverTime(true, false));
  if (name == "min_over_time")
    return MakeRangeFunctionOf(range, drop, ExtremeOverTime(false, false));
  if (name == "ts_of_max_over_time")
    return MakeRangeFunctionOf(range, drop, ExtremeOverTime(true, true));
  if (name == "ts_of_min_over_time")
    return MakeRangeFunctionOf(range, drop, ExtremeOverTime(false, true));
  if (name == "quantile_over_time") return std::make_shared<QuantileFunction>(range, param, drop);
  if (name == "mad_over_time") return MakeRangeFunctionOf(range, drop, MadOverTime());
  return nullptr;
}

}  // namespace tocsin::engine
