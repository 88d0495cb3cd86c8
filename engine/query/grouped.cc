#include "engine/query/grouped.h"

#include <algorithm>

namespace tocsin::engine {

Labels Grouping::Of(const Labels& from) const {
  LabelsBuilder builder(from);
  if (!without) return builder.Keep(labels).Build();
  return builder.Drop(labels).Delete(kMetricName).Build();
}

bool Groups::Update(const Operator& input) {
  const size_t groups_before = labels_.size();
  bool renamed = false;  // a known group's name is dropped from now on
  const bool anew = input_layout_ != input.layout();
  if (anew) {
    input_layout_ = input.layout();
    ++layout_;
    group_of_.clear();
    labels_.clear();
    drops_name_.clear();
    numbers_.clear();
  }
  group_of_.reserve(input.rows());
  for (size_t row = group_of_.size(); row < input.rows(); ++row) {
    Labels labels = grouping_.Of(input.LabelsOf(row));
    const auto [it, added] =
        numbers_.try_emplace(labels.Fingerprint(), static_cast<uint32_t>(labels_.size()));
    if (added) {
      labels_.push_back(std::move(labels));
      drops_name_.push_back(false);
    }
    group_of_.push_back(it->second);
    if (!input.drops_name(row) || drops_name_[it->second]) continue;
    drops_name_[it->second] = true;
    if (it->second < groups_before && !anew) renamed = true;
  }
  if (renamed) ++layout_;
  return renamed || anew || groups_before != labels_.size();
}

bool GroupedOperator::Index() {
  const bool first = version() == 0;
  const bool changed = groups_.Update(input(0)) || first;
  rows_ = groups_.size();
  layout_ = groups_.layout();
  const auto& names = groups_.grouping().labels;
  distinct_without_name_ = groups_.grouping().without ||
                           std::find(names.begin(), names.end(), kMetricName) == names.end();
  return changed;
}

std::vector<int64_t> GroupedOperator::Newest(int64_t t) const {
  const std::vector<int64_t> members = input(0).Newest(t);
  std::vector<int64_t> newest(rows_, INT64_MIN);
  in(0).ForEach([&](size_t row) {
    newest[groups_.of(row)] = std::max(newest[groups_.of(row)], members[row]);
  });
  return newest;
}

}  // namespace tocsin::engine
