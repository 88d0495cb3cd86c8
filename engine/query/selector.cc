#include "engine/query/selector.h"

#include <algorithm>

#include "base/sample.h"

namespace tocsin::engine {

// Evaluations are nearly always at the end of a column.
std::optional<size_t> NewestAt(const Column& column, int64_t instant) {
  constexpr size_t kNear = 4;
  const int64_t* times = column.times();
  size_t end = column.size();
  for (size_t step = 0; end > 0 && times[end - 1] > instant; ++step) {
    if (step == kNear) {
      end = std::upper_bound(times, times + end, instant) - times;
      break;
    }
    --end;
  }
  if (end == 0) return std::nullopt;
  return end - 1;
}

InstantSelector::InstantSelector(SelectorSource source, int64_t lookback_ms, bool take_time)
    : Operator({}), source_(std::move(source)), lookback_ms_(lookback_ms), take_time_(take_time) {}

bool InstantSelector::Index() {
  rows_ = source_.set->slots.size();
  distinct_without_name_ = source_.set->matchers.metric().has_value();
  return true;
}

absl::Status InstantSelector::Compute(int64_t t) {
  const int64_t instant = source_.shift.Apply(t);
  frame_.Reset(rows_);
  bool has_histograms = false;
  for (size_t row = 0; row < rows_; ++row) {
    const Column& samples = column(row);
    const auto at = NewestAt(samples, instant);
    if (!at || samples.times()[*at] <= instant - lookback_ms_) continue;
    const double value = samples.values()[*at];
    if (IsStaleMarker(value)) continue;
    frame_.Set(row, take_time_ ? static_cast<double>(samples.times()[*at]) / 1000 : value);
    has_histograms |= IsHistogramMark(value);
  }
  if (has_histograms && !take_time_) SetHistograms(instant);
  return absl::OkStatus();
}

// Not in the loop above, which is the most frequent one of all.
void InstantSelector::SetHistograms(int64_t instant) {
  frame_.ForEach([&](size_t row) {
    const Column& samples = column(row);
    const ColumnHistograms* histograms = samples.histograms();
    if (histograms == nullptr) return;
    const HistogramPtr* found = histograms->Find(samples.dropped() + *NewestAt(samples, instant));
    if (found != nullptr) frame_.SetHistogram(row, *found);
  });
}

std::vector<int64_t> InstantSelector::Newest(int64_t t) const {
  std::vector<int64_t> newest(rows_, INT64_MIN);
  frame_.ForEach([&](size_t row) {
    const auto at = NewestAt(column(row), source_.shift.Apply(t));
    if (at) newest[row] = std::min(source_.shift.When(column(row).times()[*at]), t);
  });
  return newest;
}

int64_t InstantSelector::NextChange(int64_t t) const {
  const int64_t instant = source_.shift.Apply(t);
  int64_t next = INT64_MAX;
  for (size_t row = 0; row < source_.set->slots.size(); ++row) {
    const Column& samples = column(row);
    const auto at = NewestAt(samples, instant);
    const size_t following = at ? *at + 1 : 0;
    if (following < samples.size()) next = std::min(next, samples.times()[following]);
    const bool present = at && samples.times()[*at] > instant - lookback_ms_ &&
                         !IsStaleMarker(samples.values()[*at]);
    if (present) next = std::min(next, samples.times()[*at] + lookback_ms_);
  }
  return next == INT64_MAX ? next : source_.shift.When(next);
}

}  // namespace tocsin::engine
