#include "engine/sharding.h"

#include <string>
#include <utility>
#include <variant>

#include "base/labels.h"

namespace tocsin::engine {
namespace {

// The ids of the alert rules and monitors that `owns` picks.
std::vector<std::string> OwnedRuleIds(const rules::RuleSet& rules, const Owns& owns) {
  std::vector<std::string> ids;
  for (const rules::Group& group : rules.groups) {
    if (!owns(OwnerKey(group))) continue;
    absl::flat_hash_map<std::string, size_t> duplicates;
    for (const rules::GroupRule& rule : group.rules) {
      const auto* alert = std::get_if<rules::AlertRule>(&rule);
      if (alert == nullptr) continue;
      ids.push_back(AlertRuleId(group, *alert, duplicates[AlertRuleId(group, *alert, 0)]++));
    }
  }
  for (const rules::Monitor& monitor : rules.monitors) {
    if (owns(OwnerKey(monitor))) ids.push_back(MonitorId(monitor));
  }
  return ids;
}

}  // namespace

Owns OwnedBy(size_t shard, size_t shards) {
  return
      [shard, shards](const std::string& owner_key) { return Hash64(owner_key) % shards == shard; };
}

std::vector<Resumed> ShareOut(Resumed recovered, const rules::RuleSet& rules, size_t shards) {
  AlertsByRule& alerts = recovered.alerts;
  std::vector<Resumed> shares;
  for (size_t i = 0; i < shards; ++i) {
    Resumed& share = shares.emplace_back(Resumed{{}, recovered.evaluated, recovered.hold_until});
    for (const std::string& rule_id : OwnedRuleIds(rules, OwnedBy(i, shards))) {
      if (auto node = alerts.extract(rule_id)) share.alerts.insert(std::move(node));
    }
  }
  shares.back().alerts.merge(alerts);
  return shares;
}

}  // namespace tocsin::engine
