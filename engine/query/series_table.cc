#include "engine/query/series_table.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/grow.h"
#include "base/sample.h"

namespace tocsin::engine {

SeriesTable::SeriesTable() = default;
SeriesTable::~SeriesTable() = default;

SeriesTable::Slot SeriesTable::FindOrAdd(const Labels& labels) {
  if (const auto known = slots_.Find(labels)) return *known;
  if (free_.empty()) AddSlot();
  const Slot slot = free_.back();
  free_.pop_back();
  labels_[slot] = labels;
  slots_.Insert(labels, slot);
  held_[slot] = true;
  return slot;
}

void SeriesTable::AddSlot() {
  const size_t size = columns_.size() + 1;
  ReserveGently(labels_, size);
  ReserveGently(columns_, size);
  ReserveGently(newest_times_, size);
  ReserveGently(newest_values_, size);
  ReserveGently(versions_, size);
  ReserveGently(reach_ms_, size);
  free_.push_back(static_cast<Slot>(columns_.size()));
  labels_.emplace_back();
  columns_.emplace_back();
  newest_times_.push_back(INT64_MIN);
  newest_values_.push_back(0);
  versions_.push_back(0);
  reach_ms_.push_back(kForever);
  held_.push_back(false);
}

void SeriesTable::Remove(Slot slot) {
  TOCSIN_CHECK(Holds(slot)) << "no series in slot " << slot;
  slots_.Erase(labels_[slot]);
  labels_[slot] = Labels();
  columns_[slot] = Column();
  newest_times_[slot] = INT64_MIN;
  versions_[slot] = 0;
  reach_ms_[slot] = kForever;
  held_[slot] = false;
  free_.push_back(slot);
  oldest_samples_.Forget(slot);
}

std::optional<SeriesTable::Slot> SeriesTable::Find(const Labels& labels) const {
  return slots_.Find(labels);
}

// Trimmed where that makes a difference to the sample that comes.
Column& SeriesTable::ColumnFor(Slot slot, int64_t time_ms) {
  Column& column = columns_[slot];
  const bool matters = column.IsAboutToGrow() || time_ms <= newest_times_[slot];
  if (matters && trimmed_at_ms_ != INT64_MIN && reach_ms_[slot] != kForever) {
    column.Trim(trimmed_at_ms_ - reach_ms_[slot]);
  }
  return column;
}

AppendResult SeriesTable::Append(Slot slot, int64_t time_ms, double value) {
  const AppendResult result = ColumnFor(slot, time_ms).Append(time_ms, value);
  if (IsTaken(result)) Taken(slot, time_ms, result);
  return result;
}

AppendResult SeriesTable::Append(Slot slot, int64_t time_ms, const HistogramPtr& histogram) {
  const AppendResult result = ColumnFor(slot, time_ms).Append(time_ms, *histogram);
  if (IsTaken(result)) Taken(slot, time_ms, result);
  return result;
}

void SeriesTable::Taken(Slot slot, int64_t time_ms, AppendResult result) {
  if (result == AppendResult::kAppended) {
    newest_times_[slot] = time_ms;
    newest_values_[slot] = columns_[slot].newest().value;
  }
  ++versions_[slot];
  ++changes_;
  oldest_samples_.Came(slot, time_ms);
}

}  // namespace tocsin::engine
