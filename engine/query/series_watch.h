#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/query/series_set.h"
#include "engine/query/series_table.h"

namespace tocsin::engine {

// Asks now and then for the oldest time among the samples that came since, of the series in some
// sets: what a subquery has to know to evaluate no step again without need.
//
// Thread: the table's, which it borrows.
class SeriesWatch {
 public:
  SeriesWatch(SeriesTable& table, std::vector<std::shared_ptr<const SeriesSet>> sets);
  ~SeriesWatch();
  SeriesWatch(const SeriesWatch&) = delete;
  SeriesWatch& operator=(const SeriesWatch&) = delete;

  // INT64_MAX: none came. Samples of a series that joined a set since count as well.
  int64_t TakeOldest();
  // Grows when series are taken out of the sets: rows of their selectors are renumbered.
  uint64_t removals() const;

 private:
  struct Followed {
    std::shared_ptr<const SeriesSet> set;
    size_t slots = 0;     // so many of the set's are followed
    uint64_t layout = 0;  // in this numbering
  };
  // Time of the oldest sample of those that were not followed before.
  int64_t FollowNew(Followed& followed);

  SeriesTable& table_;
  std::vector<Followed> sets_;
  const OldestSamples::Reader reader_;
};

}  // namespace tocsin::engine
