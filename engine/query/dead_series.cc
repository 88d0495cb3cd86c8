#include "engine/query/dead_series.h"

#include <algorithm>
#include <utility>

namespace tocsin::engine {

int64_t DeadSeries::DeadFrom(SeriesTable::Slot slot) const {
  const int64_t newest = table_.newest_times()[slot];
  if (newest == INT64_MIN) return INT64_MIN;
  const int64_t reach = table_.reach_ms(slot);
  return reach == SeriesTable::kForever ? INT64_MAX : newest + reach;
}

size_t DeadSeries::Enough() const {
  return std::max(enough_min_, (table_.series() + 3) / 4);
}

// Time only kills; samples only keep alive. So enough are dead later only if one half of them dies
// of what is there now, or the other half is new.
void DeadSeries::NoteWhenEnough(std::vector<int64_t> dead_from_ms) {
  const size_t half = std::max<size_t>(Enough() / 2, 1);
  if (dead_from_ms.size() < half) {
    enough_from_ms_ = INT64_MAX;
    return;
  }
  const auto nth = dead_from_ms.begin() + static_cast<ptrdiff_t>(half - 1);
  std::nth_element(dead_from_ms.begin(), nth, dead_from_ms.end());
  enough_from_ms_ = *nth;
}

std::vector<SeriesTable::Slot> DeadSeries::EnoughAt(int64_t t_ms) {
  if (t_ms < enough_from_ms_ && came_ < Enough() - Enough() / 2) return {};
  ++walks_;
  came_ = 0;
  std::vector<SeriesTable::Slot> dead;
  std::vector<int64_t> dead_from_ms;
  dead_from_ms.reserve(table_.series());
  for (SeriesTable::Slot slot = 0; slot < table_.size(); ++slot) {
    if (!table_.Holds(slot)) continue;
    dead_from_ms.push_back(DeadFrom(slot));
    if (dead_from_ms.back() <= t_ms) dead.push_back(slot);
  }
  NoteWhenEnough(std::move(dead_from_ms));
  if (dead.size() < Enough()) dead.clear();
  return dead;
}

}  // namespace tocsin::engine
