#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "engine/shard_plan.h"
#include "rules/composite.h"
#include "rules/rule.h"

// Where composite monitors stand among the rules they read. See decision 6.
namespace tocsin::engine {

// All composite monitors, each after those it reads.
std::vector<const rules::Monitor*> CompositesInOrder(const rules::RuleSet& rules);

// Connects composite monitors with their members while a plan is built, after everything that is no
// composite monitor. Borrows the plan.
class MemberWiring {
 public:
  explicit MemberWiring(ShardPlan& plan);

  // `reader` is about to be the plan's next monitor. InvalidArgument if a member is missing, which
  // loading the rules excludes.
  absl::Status Connect(const rules::Composite& composite, RuleRuntime& reader);

 private:
  void Add(RuleRuntime& rule);

  const ShardPlan& plan_;
  std::map<std::string, std::vector<RuleRuntime*>> by_name_;
};

}  // namespace tocsin::engine
