#include "engine/query/label_order.h"

#include <algorithm>

namespace tocsin::engine {

void LabelOrder::Update(const Operator& input) {
  if (layout_ != input.layout()) {
    layout_ = input.layout();
    labels_.clear();
    rows_.clear();
  }
  std::vector<uint32_t> fresh;
  for (size_t row = labels_.size(); row < input.rows(); ++row) {
    labels_.push_back(input.LabelsOf(row));
    fresh.push_back(static_cast<uint32_t>(row));
  }
  const auto before = [this](uint32_t a, uint32_t b) { return less_(labels_[a], labels_[b]); };
  if (fresh.empty()) return;
  std::stable_sort(fresh.begin(), fresh.end(), before);
  // A binary search for each new row instead of a merge: comparing labels is what costs.
  std::vector<uint32_t> merged;
  merged.reserve(input.rows());
  auto from = rows_.begin();
  for (uint32_t row : fresh) {
    const auto to = std::upper_bound(from, rows_.end(), row, before);
    merged.insert(merged.end(), from, to);
    merged.push_back(row);
    from = to;
  }
  merged.insert(merged.end(), from, rows_.end());
  rows_ = std::move(merged);
}

}  // namespace tocsin::engine
