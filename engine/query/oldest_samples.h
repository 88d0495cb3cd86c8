#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace tocsin::engine {

// For each of several readers the oldest time among the samples that came, since it last asked, of
// the series it follows. What comes of other series costs a reader nothing.
//
// Series with the same readers are a group, and a sample only touches its group's time, whatever
// the number of readers; they collect from their groups when they ask. Memory: 4 bytes a series
// once there is a reader, and a few hundred a reader and group, which are not given back: all of it
// lives as long as its table, which every new set of rules begins anew.
class OldestSamples {
 public:
  using Slot = uint32_t;
  using Reader = uint32_t;

  Reader AddReader();
  void RemoveReader(Reader reader);

  // The reader hears of this series from now on. False if it did already.
  bool Follow(Reader reader, Slot slot);
  // The slot is to become another series': nobody hears of it any more.
  void Forget(Slot slot) {
    if (slot < group_of_.size()) group_of_[slot] = kNobody;
  }

  // A sample of this series came.
  void Came(Slot slot, int64_t time_ms) {
    if (slot >= group_of_.size()) return;
    int64_t& oldest = oldest_ms_[group_of_[slot]];
    oldest = std::min(oldest, time_ms);
  }
  // INT64_MAX: none came.
  int64_t Take(Reader reader);

 private:
  static constexpr uint32_t kNobody = 0;
  struct ReaderState {
    std::vector<uint32_t> groups;
    int64_t oldest_ms = INT64_MAX;  // collected for it by others
  };

  // The group of who follows a series of `group`, and this reader.
  uint32_t Joined(uint32_t group, Reader reader);

  std::vector<uint32_t> group_of_;               // by slot
  std::vector<int64_t> oldest_ms_;               // by group: not collected yet
  std::vector<std::vector<Reader>> readers_of_;  // by group
  std::vector<ReaderState> readers_;
  absl::flat_hash_map<std::pair<uint32_t, Reader>, uint32_t> joined_;
};

}  // namespace tocsin::engine
