#include "engine/query/duplicates.h"

#include <algorithm>

namespace tocsin::engine {

void DuplicateRows::Clear() {
  known_ = 0;
  first_row_.clear();
  group_of_.clear();
  groups_.clear();
}

void DuplicateRows::Extend(size_t rows, const std::function<absl::uint128(size_t)>& key_of) {
  for (; known_ < rows; ++known_) {
    const uint32_t row = static_cast<uint32_t>(known_);
    const auto [it, added] = first_row_.try_emplace(key_of(row), row);
    if (added) continue;
    const auto [group, new_group] = group_of_.try_emplace(it->second, groups_.size());
    if (new_group) groups_.push_back({it->second});
    groups_[group->second].push_back(row);
  }
}

bool DuplicateRows::Collide(const Frame& frame) const {
  return std::any_of(groups_.begin(), groups_.end(), [&](const std::vector<uint32_t>& group) {
    return std::count_if(group.begin(), group.end(),
                         [&](uint32_t row) { return frame.present(row); }) > 1;
  });
}

}  // namespace tocsin::engine
