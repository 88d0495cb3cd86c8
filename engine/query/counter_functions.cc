// Functions over a range that compare neighbours: rate and its relatives, changes, resets.
#include <algorithm>
#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/query/range_function.h"

namespace tocsin::engine {
namespace {

bool IsReset(double before, double after) {
  return after < before;
}
bool IsChange(double before, double after) {
  return before != after && !(std::isnan(before) && std::isnan(after));
}

struct RateKind {
  bool counter = true;  // falling means starting again from zero; never extrapolated below zero
  bool per_second = true;
};

// rate, increase, delta: last - first, plus what resets took away, stretched to the whole range.
// Towards each end the stretch is the gap to it if that is below 1.1 times the mean distance of
// samples, else half that distance.
struct ExtrapolatedRate {
  static constexpr bool kTracks = true;
  RateKind kind;

  bool operator()(const Samples& samples, const RangeCall& call, Scan* scan, double& out) const {
    // Also with a single sample: neighbours are looked at in the order they come.
    const size_t last_reset = kind.counter ? LastEvent(samples, *scan, IsReset) : 0;
    if (samples.size < 2) return false;
    const size_t last = samples.size - 1;
    double result = samples.values[last] - samples.values[0];
    for (size_t i = 1; i <= last_reset; ++i) {
      if (IsReset(samples.values[i - 1], samples.values[i])) result += samples.values[i - 1];
    }
    out = result * Factor(samples, call, result);
    return true;
  }

  double Factor(const Samples& samples, const RangeCall& call, double result) const {
    const size_t last = samples.size - 1;
    const double sampled = static_cast<double>(samples.times[last] - samples.times[0]) / 1000;
    const double spacing = sampled / static_cast<double>(last);
    double to_start = static_cast<double>(samples.times[0] - (call.end_ms - call.range_ms)) / 1000;
    double to_end = static_cast<double>(call.end_ms - samples.times[last]) / 1000;
    const double threshold = spacing * 1.1;
    if (to_start >= threshold) to_start = spacing / 2;
    if (kind.counter && result > 0 && samples.values[0] >= 0) {
      to_start = std::min(to_start, sampled * (samples.values[0] / result));
    }
    if (to_end >= threshold) to_end = spacing / 2;
    double factor = (sampled + to_start + to_end) / sampled;
    if (kind.per_second) factor /= static_cast<double>(call.range_ms) / 1000;
    return factor;
  }
};

// irate, idelta: the last two samples.
struct InstantRate {
  static constexpr bool kTracks = false;
  bool rate = true;

  bool operator()(const Samples& samples, const RangeCall&, Scan*, double& out) const {
    if (samples.size < 2) return false;
    const size_t last = samples.size - 1;
    const double after = samples.values[last], before = samples.values[last - 1];
    out = rate && IsReset(before, after) ? after : after - before;
    if (rate) out /= static_cast<double>(samples.times[last] - samples.times[last - 1]) / 1000;
    return true;
  }
};

// changes, resets: how many neighbours differ in that way.
template <bool (*kEvent)(double, double)>
struct CountEvents {
  static constexpr bool kTracks = true;

  bool operator()(const Samples& samples, const RangeCall&, Scan* scan, double& out) const {
    const size_t last = LastEvent(samples, *scan, kEvent);
    size_t events = 0;
    for (size_t i = 1; i <= last; ++i) events += kEvent(samples.values[i - 1], samples.values[i]);
    out = static_cast<double>(events);
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
    if (layout != layout_) doubtful_.clear();
    for (size_t row = doubtful_.size(); row < rows_; ++row) {
      doubtful_.push_back(IsDoubtful(input(0).LabelsOf(row).metric_name()));
      any_doubtful_ = any_doubtful_ || doubtful_[row];
    }
    return true;
  }

  void Seen(size_t row) override {
    if (!any_doubtful_ || !doubtful_[row] || notes_.size() >= kNotesMax) return;
    std::string text = absl::StrCat(
        "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"",
        input(0).LabelsOf(row).metric_name(), "\"");
    const bool told = std::any_of(notes_.begin(), notes_.end(),
                                  [&](const Note& note) { return note.text == text; });
    if (!told) notes_.push_back({false, std::move(text)});
  }

 private:
  static constexpr size_t kNotesMax = 10;
  static bool IsDoubtful(absl::string_view name) {
    return !name.empty() && !absl::EndsWith(name, "_total") && !absl::EndsWith(name, "_sum") &&
           !absl::EndsWith(name, "_count") && !absl::EndsWith(name, "_bucket");
  }

  std::vector<bool> doubtful_;
  bool any_doubtful_ = false;
};

}  // namespace

OperatorPtr MakeCounterFunction(absl::string_view name, std::shared_ptr<RangeVector> range,
                                NameRule drop) {
  if (name == "rate" || name == "increase") {
    return std::make_shared<CounterRate>(range, nullptr, drop,
                                         ExtrapolatedRate{{true, name == "rate"}});
  }
  if (name == "delta") {
    return std::make_shared<RangeFunction<ExtrapolatedRate>>(range, nullptr, drop,
                                                             ExtrapolatedRate{{false, false}});
  }
  if (name == "irate" || name == "idelta") {
    return std::make_shared<RangeFunction<InstantRate>>(range, nullptr, drop,
                                                        InstantRate{name == "irate"});
  }
  if (name == "changes") {
    return std::make_shared<RangeFunction<CountEvents<IsChange>>>(range, nullptr, drop);
  }
  if (name == "resets") {
    return std::make_shared<RangeFunction<CountEvents<IsReset>>>(range, nullptr, drop);
  }
  return nullptr;
}

}  // namespace tocsin::engine
