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

// Numbers for match groups, the same for both sides. Each row is looked at once, as long as rows
// are only appended.
class MatchGroups {
 public:
  explicit MatchGroups(const promql::VectorMatching& matching) : signature_(matching) {}

  // Takes in new rows of both sides. True if those of one began anew, and with them its groups.
  bool Update(const Operator& left, const Operator& right);
  // The group of each row of a side.
  const std::vector<uint32_t>& left() const { return left_.groups; }
  const std::vector<uint32_t>& right() const { return right_.groups; }
  size_t size() const { return numbers_.size(); }
  const Signature& signature() const { return signature_; }

 private:
  struct Side {
    std::vector<uint32_t> groups;
    uint64_t layout = 0;  // of the rows `groups` was made for
  };
  // True if `side` has to begin anew.
  static bool Restart(const Operator& op, Side& side);
  void Extend(const Operator& op, Side& side);

  Signature signature_;
  Side left_, right_;
  absl::flat_hash_map<absl::uint128, uint32_t> numbers_;
};

}  // namespace tocsin::engine
