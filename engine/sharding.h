#pragma once

#include <cstddef>
#include <vector>

#include "engine/shard.h"
#include "rules/rule.h"

namespace tocsin::engine {

// What shard number `shard` of `shards` owns: a group or monitor belongs to the shard its key
// hashes to, so its rules stay together and a restart finds them again.
Owns OwnedBy(size_t shard, size_t shards);

// Gives each of `shards` shards its part of what a restart brings along. The owner of a rule's
// alerts is the owner of the rule; alerts of rules that are gone go to the last shard, which closes
// their pages.
std::vector<Resumed> ShareOut(Resumed recovered, const rules::RuleSet& rules, size_t shards);

}  // namespace tocsin::engine
