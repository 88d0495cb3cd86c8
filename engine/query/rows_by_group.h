#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tocsin::engine {

// The rows of each group, as linked lists in two arrays: rows are only added, groups are many and
// mostly of one row.
class RowsByGroup {
 public:
  void Clear() {
    newest_.clear();
    before_.clear();
  }
  size_t rows() const { return before_.size(); }
  // The next row, number rows(), is one of `group`.
  void Add(uint32_t group) {
    if (group >= newest_.size()) newest_.resize(group + 1, kNone);
    before_.push_back(newest_[group]);
    newest_[group] = static_cast<uint32_t>(before_.size() - 1);
  }
  bool Any(uint32_t group) const { return Newest(group) != kNone; }
  bool Several(uint32_t group) const { return Any(group) && before_[Newest(group)] != kNone; }

  // Calls fn(row) for each row of `group`, the newest first.
  template <typename Fn>
  void ForEach(uint32_t group, Fn&& fn) const {
    for (uint32_t row = Newest(group); row != kNone; row = before_[row]) fn(row);
  }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  uint32_t Newest(uint32_t group) const { return group < newest_.size() ? newest_[group] : kNone; }

  std::vector<uint32_t> newest_;  // per group
  std::vector<uint32_t> before_;  // per row: the one before it in its group
};

}  // namespace tocsin::engine
