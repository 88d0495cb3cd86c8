#include "engine/query/selector.h"

#include <algorithm>

#include "base/sample.h"

namespace tocsin::engine {

std::optional<uint32_t> NewestAt(const Column& column, int64_t instant) {
  const uint32_t after = column.FirstAfter(instant);
  if (after == column.begin()) return std::nullopt;
  return after - 1;
}

InstantSelector::InstantSelector(SelectorSource source, int64_t lookback_ms, bool take_time)
    : Operator({}), source_(std::move(source)), lookback_ms_(lookback_ms), take_time_(take_time) {}

bool InstantSelector::Index() {
  rows_ = source_.set->slots.size();
  layout_ = source_.set->layout;
  distinct_without_name_ = source_.set->matchers.metric().has_value();
  return true;
}

absl::Status InstantSelector::Compute(int64_t t) {
  const int64_t instant = source_.shift.Apply(t);
  const SeriesTable& table = *source_.table;
  const SeriesTable::Slot* slots = source_.set->slots.data();
  frame_.Reset(rows_);
  bool has_histograms = false;
  for (size_t row = 0; row < rows_; ++row) {
    const SeriesTable::Slot slot = slots[row];
    Sample sample{table.newest_times()[slot], table.newest_values()[slot]};
    if (sample.time_ms > instant) [[unlikely]] {
      const auto at = NewestAt(table.column(slot), instant);
      if (!at) continue;
      sample = table.column(slot).at(*at);
    }
    if (sample.time_ms <= instant - lookback_ms_ || IsStaleMarker(sample.value)) continue;
    frame_.Set(row, take_time_ ? static_cast<double>(sample.time_ms) / 1000 : sample.value);
    has_histograms |= IsHistogramMark(sample.value);
  }
  if (has_histograms && !take_time_) SetHistograms(instant);
  return absl::OkStatus();
}

// Not in the loop above, which is the most frequent one of all.
void InstantSelector::SetHistograms(int64_t instant) {
  frame_.ForEach([&](size_t row) {
    const Column& column = source_.table->column(source_.set->slots[row]);
    if (column.histograms() == nullptr) return;
    const HistogramPtr* found = column.histograms()->Find(*NewestAt(column, instant));
    if (found != nullptr) frame_.SetHistogram(row, *found);
  });
}

std::vector<int64_t> InstantSelector::Newest(int64_t t) const {
  return NewestOf(source_, t, [&](size_t row, int64_t) { return frame_.present(row); });
}

int64_t InstantSelector::NextChange(int64_t t) const {
  const int64_t instant = source_.shift.Apply(t);
  const SeriesTable& table = *source_.table;
  int64_t next = INT64_MAX;
  for (size_t row = 0; row < source_.set->slots.size(); ++row) {
    const SeriesTable::Slot slot = source_.set->slots[row];
    int64_t time = table.newest_times()[slot];
    double value = table.newest_values()[slot];
    if (time > instant) {
      const Column& column = table.column(slot);
      const uint32_t after = column.FirstAfter(instant);
      next = std::min(next, column.time(after));
      if (after == column.begin()) continue;
      const Sample sample = column.at(after - 1);
      time = sample.time_ms;
      value = sample.value;
    }
    if (time > instant - lookback_ms_ && !IsStaleMarker(value)) {
      next = std::min(next, time + lookback_ms_);
    }
  }
  return next == INT64_MAX ? next : source_.shift.When(next);
}

}  // namespace tocsin::engine
