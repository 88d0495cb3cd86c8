#include "engine/query/series_watch.h"

#include <algorithm>
#include <utility>

namespace tocsin::engine {

SeriesWatch::SeriesWatch(SeriesTable& table, std::vector<std::shared_ptr<const SeriesSet>> sets)
    : table_(table), reader_(table.oldest_samples().AddReader()) {
  for (auto& set : sets) sets_.push_back({std::move(set)});
}

SeriesWatch::~SeriesWatch() {
  table_.oldest_samples().RemoveReader(reader_);
}

int64_t SeriesWatch::TakeOldest() {
  int64_t oldest = INT64_MAX;
  for (Followed& followed : sets_) oldest = std::min(oldest, FollowNew(followed));
  return std::min(oldest, table_.oldest_samples().Take(reader_));
}

int64_t SeriesWatch::FollowNew(Followed& followed) {
  const SeriesSet& set = *followed.set;
  if (std::exchange(followed.layout, set.layout) != set.layout) followed.slots = 0;
  int64_t oldest = INT64_MAX;
  for (; followed.slots < set.slots.size(); ++followed.slots) {
    const SeriesTable::Slot slot = set.slots[followed.slots];
    const Column& column = table_.column(slot);
    if (!table_.oldest_samples().Follow(reader_, slot) || column.size() == 0) continue;
    oldest = std::min(oldest, column.time(column.begin()));
  }
  return oldest;
}

uint64_t SeriesWatch::removals() const {
  uint64_t removals = 0;
  for (const Followed& followed : sets_) removals += followed.set->layout;
  return removals;
}

}  // namespace tocsin::engine
