#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/numeric/int128.h"
#include "engine/query/frame.h"

namespace tocsin::engine {

// Rows with the same key: a fingerprint of their labels, say. They may exist side by side as long
// as at most one of them is present.
class DuplicateRows {
 public:
  void Clear();
  // Takes in the rows that follow those known already, up to row number `rows` - 1; each is asked
  // for its key once.
  void Extend(size_t rows, const std::function<absl::uint128(size_t)>& key_of);
  bool empty() const { return groups_.empty(); }
  // The rows of each key that more than one has.
  const std::vector<std::vector<uint32_t>>& groups() const { return groups_; }
  // Two present rows have equal labels.
  bool Collide(const Frame& frame) const;

 private:
  size_t known_ = 0;  // rows taken in
  absl::flat_hash_map<absl::uint128, uint32_t> first_row_;
  absl::flat_hash_map<uint32_t, size_t> group_of_;  // by first row
  std::vector<std::vector<uint32_t>> groups_;
};

}  // namespace tocsin::engine
