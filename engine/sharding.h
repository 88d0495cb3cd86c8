#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"

#include "engine/shard.h"
#include "rules/rule.h"

namespace tocsin::engine {

// Which shard a group or monitor belongs to: the one its key hashes to, so its rules stay together
// and a restart finds them again. A composite monitor and all that it reads, also by way of others,
// go by the first of their keys. See decision 6.
//
// Cheap to copy; immutable.
class Placement {
 public:
  Placement(const rules::RuleSet& rules, size_t shards);
  size_t ShardOf(const std::string& owner_key) const;
  Owns OwnedBy(size_t shard) const;

 private:
  size_t shards_;
  // Of those that go by another's key. Absent: by its own.
  std::shared_ptr<const absl::flat_hash_map<std::string, std::string>> leaders_;
};

// Gives each of `shards` shards its part of what a restart brings along. The owner of a rule's
// alerts is the owner of the rule; alerts of rules that are gone go to the last shard, which closes
// their pages.
std::vector<Resumed> ShareOut(Resumed recovered, const rules::RuleSet& rules,
                              const Placement& placement, size_t shards);

// Replaces what the shards run by `plans`, one for each, all or none; the shards must stand still.
// Rules may go from one shard to another and take their alerts along. Errors: what the log says;
// Unavailable if a rule changes shards while alert state cannot be written.
absl::Status InstallOnAll(const std::vector<Shard*>& shards,
                          std::vector<std::unique_ptr<ShardPlan>> plans, Timestamp now);

}  // namespace tocsin::engine
