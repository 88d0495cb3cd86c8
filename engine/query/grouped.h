#pragma once

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/query/operator.h"
#include "engine/query/operators.h"

namespace tocsin::engine {

// The groups of an aggregation: for each input row its group, for each group its labels. Groups are
// numbered in the order their first rows came, and only added to while the input's layout stays.
class Groups {
 public:
  explicit Groups(Grouping grouping) : grouping_(std::move(grouping)) {}

  // True if groups were added or the numbering began anew.
  bool Update(const Operator& input);
  size_t size() const { return labels_.size(); }
  // Each input row is a group of its own, so their numbers are the same.
  bool AreRows() const { return labels_.size() == group_of_.size(); }
  uint32_t of(size_t row) const { return group_of_[row]; }
  const Labels& labels(size_t group) const { return labels_[group]; }
  bool drops_name(size_t group) const { return drops_name_[group]; }
  uint64_t layout() const { return layout_; }
  const Grouping& grouping() const { return grouping_; }

 private:
  const Grouping grouping_;
  uint64_t input_layout_ = 0;
  uint64_t layout_ = 0;
  std::vector<uint32_t> group_of_;
  std::vector<Labels> labels_;
  std::vector<bool> drops_name_;
  absl::flat_hash_map<absl::uint128, uint32_t> numbers_;
};

// An operator with one row per group of its first input.
class GroupedOperator : public Operator {
 public:
  GroupedOperator(Grouping grouping, std::vector<OperatorPtr> inputs)
      : Operator(std::move(inputs)), groups_(std::move(grouping)) {}

  Labels LabelsOf(size_t row) const override { return groups_.labels(row); }
  bool drops_name(size_t row) const override { return groups_.drops_name(row); }
  std::vector<int64_t> Newest(int64_t t) const override;

 protected:
  bool Index() override;

  Groups groups_;
};

}  // namespace tocsin::engine
