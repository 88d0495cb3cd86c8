#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/numeric/int128.h"
#include "base/labels.h"
#include "engine/query/operator.h"
#include "rules/promql/ast.h"

namespace tocsin::engine {

// The labels that two vectors are matched on: the listed ones, or all but the listed ones and the
// metric name.
class Signature {
 public:
  explicit Signature(const promql::VectorMatching& matching);

  absl::uint128 Of(const Labels& labels);  // fingerprint of LabelsOf()
  Labels LabelsOf(const Labels& labels) const;

 private:
  bool Takes(absl::string_view name) const;
  const bool on_;
  std::vector<std::string> names_;  // sorted
  std::string buffer_;
};

// Numbers for match groups, the same for both sides, kept as long as rows are only appended.
class MatchGroups {
 public:
  explicit MatchGroups(const promql::VectorMatching& matching) : signature_(matching) {}

  // Brings `groups` (the group of each row of `side`) up to date; `layout` remembers what it was
  // made from.
  void Update(const Operator& side, std::vector<uint32_t>& groups, uint64_t& layout);
  size_t size() const { return numbers_.size(); }
  const Signature& signature() const { return signature_; }

 private:
  Signature signature_;
  absl::flat_hash_map<absl::uint128, uint32_t> numbers_;
};

}  // namespace tocsin::engine
