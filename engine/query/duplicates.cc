#include "engine/query/duplicates.h"

#include <algorithm>

#include "absl/container/flat_hash_map.h"

namespace tocsin::engine {

void DuplicateRows::Find(size_t rows, const std::function<Labels(size_t)>& labels_of) {
  groups_.clear();
  absl::flat_hash_map<absl::uint128, uint32_t> first_row;
  absl::flat_hash_map<uint32_t, size_t> group_of;  // by first row
  first_row.reserve(rows);
  for (size_t row = 0; row < rows; ++row) {
    const auto [it, added] =
        first_row.try_emplace(labels_of(row).Fingerprint(), static_cast<uint32_t>(row));
    if (added) continue;
    const auto [group, new_group] = group_of.try_emplace(it->second, groups_.size());
    if (new_group) groups_.push_back({it->second});
    groups_[group->second].push_back(static_cast<uint32_t>(row));
  }
}

bool DuplicateRows::Collide(const Frame& frame) const {
  return std::any_of(groups_.begin(), groups_.end(), [&](const std::vector<uint32_t>& group) {
    return std::count_if(group.begin(), group.end(),
                         [&](uint32_t row) { return frame.present(row); }) > 1;
  });
}

}  // namespace tocsin::engine
