#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/labels.h"
#include "engine/query/frame.h"

namespace tocsin::engine {

// Rows that carry the same labels. They may exist side by side as long as at most one of them is
// present.
class DuplicateRows {
 public:
  void Clear() { groups_.clear(); }
  // Looks at all rows.
  void Find(size_t rows, const std::function<Labels(size_t)>& labels_of);
  bool empty() const { return groups_.empty(); }
  // Two present rows have equal labels.
  bool Collide(const Frame& frame) const;

 private:
  std::vector<std::vector<uint32_t>> groups_;
};

}  // namespace tocsin::engine
