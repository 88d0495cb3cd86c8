#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/query/series_table.h"

namespace tocsin::engine {

// Which series of a table are dead: their newest sample lies before all that any selector can see
// (SeriesTable::reach_ms), or they have none. A stale marker counts as a sample: as long as it is
// seen, what comes before it must not appear.
//
// To find them all series are walked. Each walk notes from when on enough can be dead, so that a
// table where everything lives is walked about once per reach, however often it is asked.
//
// Thread: one at a time, the table's. Borrows the table, which outlives it.
class DeadSeries {
 public:
  // Dead series are given up together: at least `enough_min` of them, and a quarter of all.
  DeadSeries(const SeriesTable& table, size_t enough_min)
      : table_(table), enough_min_(enough_min) {}

  // A series came to the table.
  void SeriesCame() { ++came_; }
  // Samples may be needed for less long than before.
  void ReachesChanged() { enough_from_ms_ = INT64_MIN; }

  // Those that are dead at `t_ms`; empty while they are not enough. Later times only find more,
  // unless samples or series come in between.
  std::vector<SeriesTable::Slot> EnoughAt(int64_t t_ms);

  // How often all were walked.
  uint64_t walks() const { return walks_; }

 private:
  int64_t DeadFrom(SeriesTable::Slot slot) const;
  size_t Enough() const;
  void NoteWhenEnough(std::vector<int64_t> dead_from_ms);

  const SeriesTable& table_;
  const size_t enough_min_;
  // Before this time fewer than half of enough of those are dead that were there at the last walk.
  int64_t enough_from_ms_ = INT64_MIN;
  size_t came_ = 0;  // since the last walk
  uint64_t walks_ = 0;
};

}  // namespace tocsin::engine
