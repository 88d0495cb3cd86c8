#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "engine/query/matcher_index.h"
#include "engine/query/matcher_set.h"
#include "engine/query/series_table.h"

namespace tocsin::engine {

// The series of the table that match one set of matchers, in the order they came. Shared by all
// selectors with these matchers, whatever their range or offset.
struct SeriesSet {
  MatcherSet matchers;
  std::vector<SeriesTable::Slot> slots;
  uint64_t layout = 0;  // grows when slots were taken out; else they are only appended
};

// All series sets in use, found by metric name when a series comes.
class SeriesSets {
 public:
  explicit SeriesSets(const SeriesTable& table) : table_(table) {}

  // The set for these matchers, filled with the series known so far.
  absl::StatusOr<std::shared_ptr<const SeriesSet>> Get(
      const std::vector<promql::Matcher>& matchers);
  // Tells the sets of a new series. True if one wants it. Telling twice is harmless.
  bool Add(SeriesTable::Slot slot);
  // Takes these series out of all sets; before the table forgets them.
  void Remove(const std::vector<SeriesTable::Slot>& slots);
  // Forgets sets nobody uses any more.
  void Sweep();
  // Grows whenever some set did or became smaller.
  uint64_t changes() const { return changes_; }

 private:
  bool Offer(SeriesTable::Slot slot, bool add);
  void TellUpTo(SeriesTable::Slot end);
  void Fill(SeriesSet& set) const;

  const SeriesTable& table_;
  absl::flat_hash_map<std::string, std::weak_ptr<SeriesSet>> by_key_;
  MatcherIndex<std::weak_ptr<SeriesSet>> index_;
  // Slots marked here are in slots_by_metric_, and every set has those of them that it wants. Of
  // slots below the end only such are not marked that are free, or not told of since they were.
  std::vector<bool> told_;
  absl::flat_hash_map<std::string, std::vector<SeriesTable::Slot>> slots_by_metric_;
  uint64_t changes_ = 0;
};

}  // namespace tocsin::engine
