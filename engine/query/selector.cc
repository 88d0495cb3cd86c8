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
  for (size_t row = 0; row < rows_; ++row) {
    const SeriesTable::Slot slot = slots[row];
    Sample sample{table.newest_times()[slot], table.newest_values()[slot]};
    if (sample.time_ms > instant) [[unlikely]] {
      const auto at = NewestAt(table.column(slot), instant);
      if (!at) continue;
      sample = table.column(slot).at(*at);
    }
    if (sample.time_ms <= instant - lookback_ms_ || IsStaleMarker(sample.value)) continue;
    if (take_time_) {
      frame_.Set(row, static_cast<double>(sample.time_ms) / 1000);
    } else if (IsHistogramMark(sample.value)) [[unlikely]] {
      SetHistogram(row, table.column(slot), sample);
    } else {
      frame_.Set(row, sample.value);
    }
  }
  return absl::OkStatus();
}

void InstantSelector::SetHistogram(size_t row, const Column& column, const Sample& sample) {
  const ColumnHistograms* histograms = column.histograms();
  const uint32_t position = column.FirstAfter(sample.time_ms) - 1;
  const HistogramPtr* found = histograms ? histograms->Find(position) : nullptr;
  found ? frame_.SetHistogram(row, *found) : frame_.Set(row, sample.value);
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
