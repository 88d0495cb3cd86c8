#include "engine/sharding.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "base/labels.h"
#include "base/status_macros.h"
#include "rules/composite.h"

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

using Leaders = absl::flat_hash_map<std::string, std::string>;

// Groups and monitors that have to stay together because a composite monitor reads them: disjoint
// sets, each led by its first key.
class Families {
 public:
  explicit Families(const rules::RuleSet& rules) {
    if (std::none_of(rules.monitors.begin(), rules.monitors.end(), IsComposite)) return;
    absl::flat_hash_map<std::string, std::vector<std::string>> owners;  // by a rule's name
    for (const rules::Group& group : rules.groups) {
      for (const rules::GroupRule& rule : group.rules) {
        const auto* alert = std::get_if<rules::AlertRule>(&rule);
        if (alert != nullptr) owners[alert->name].push_back(OwnerKey(group));
      }
    }
    for (const rules::Monitor& monitor : rules.monitors) {
      owners[monitor.name].push_back(OwnerKey(monitor));
    }
    for (const rules::Monitor& monitor : rules.monitors) {
      if (!IsComposite(monitor)) continue;
      for (const rules::CompositeMember& member : monitor.composite->members) {
        for (const std::string& owner : owners[member.name]) Join(OwnerKey(monitor), owner);
      }
    }
  }

  Leaders All() {
    Leaders leaders;
    std::vector<std::string> keys;
    for (const auto& [key, parent] : parents_) keys.push_back(key);
    for (const std::string& key : keys) leaders[key] = LeaderOf(key);
    return leaders;
  }

 private:
  static bool IsComposite(const rules::Monitor& monitor) { return monitor.composite != nullptr; }

  std::string LeaderOf(const std::string& key) {
    std::string leader = key;
    for (auto up = parents_.find(leader); up != parents_.end() && up->second != leader;
         up = parents_.find(leader)) {
      leader = up->second;
    }
    parents_[key] = leader;
    return leader;
  }
  void Join(const std::string& a, const std::string& b) {
    const std::string first = LeaderOf(a);
    const std::string second = LeaderOf(b);
    parents_[std::max(first, second)] = std::min(first, second);
  }

  absl::flat_hash_map<std::string, std::string> parents_;
};

// A rule that runs here is in another shard's plan.
bool LosesRules(const Shard& shard, size_t number,
                const std::vector<std::unique_ptr<ShardPlan>>& plans) {
  if (!shard.has_rules() || plans.size() == 1) return false;
  const rules::RuleSet& before = *shard.rules();
  const auto moved = [&](const std::string& key) {
    if (!shard.owns()(key) || plans[number]->owns(key)) return false;
    return std::any_of(plans.begin(), plans.end(),
                       [&](const auto& plan) { return plan->owns(key); });
  };
  return std::any_of(before.groups.begin(), before.groups.end(),
                     [&](const auto& group) { return moved(OwnerKey(group)); }) ||
         std::any_of(before.monitors.begin(), before.monitors.end(),
                     [&](const auto& monitor) { return moved(OwnerKey(monitor)); });
}

// Rules that are nowhere any more are retired by the shard that had them: what it is about to write
// of them and their end are in one batch, in order.
void RetireRest(const std::vector<Shard*>& shards, Handover rest,
                const absl::flat_hash_map<std::string, size_t>& giver, Timestamp now) {
  std::vector<Handover> by_shard(shards.size());
  for (auto& [rule_id, alerts] : rest.alerts) {
    by_shard[giver.at(rule_id)].alerts[rule_id] = std::move(alerts);
  }
  for (auto& [rule_id, writer] : rest.writers) {
    by_shard[giver.at(rule_id)].writers.emplace(rule_id, std::move(writer));
  }
  for (auto& [rule_id, models] : rest.models) {
    by_shard[giver.at(rule_id)].models.emplace(rule_id, std::move(models));
  }
  for (size_t i = 0; i < shards.size(); ++i) shards[i]->Retire(by_shard[i], now);
}

}  // namespace

Placement::Placement(const rules::RuleSet& rules, size_t shards)
    : shards_(shards), leaders_(std::make_shared<Leaders>(Families(rules).All())) {}

size_t Placement::ShardOf(const std::string& owner_key) const {
  const auto leader = leaders_->find(owner_key);
  return Hash64(leader == leaders_->end() ? owner_key : leader->second) % shards_;
}

Owns Placement::OwnedBy(size_t shard) const {
  return [placement = *this, shard](const std::string& owner_key) {
    return placement.ShardOf(owner_key) == shard;
  };
}

absl::Status InstallOnAll(const std::vector<Shard*>& shards,
                          std::vector<std::unique_ptr<ShardPlan>> plans, Timestamp now) {
  for (size_t i = 0; i < shards.size(); ++i) {
    TOCSIN_RETURN_IF_ERROR(shards[i]->CatchUp(*plans[i]));
  }
  // Of an alert that two shards are about to write, the older state must not come last.
  for (size_t i = 0; i < shards.size(); ++i) {
    if (!LosesRules(*shards[i], i, plans) || shards[i]->Flush(now).ok()) continue;
    return absl::UnavailableError("rules change their shard, and alert state cannot be written");
  }
  Handover handover;
  absl::flat_hash_map<std::string, size_t> giver;
  for (size_t i = 0; i < shards.size(); ++i) {
    Handover given;
    shards[i]->HandOver(given);
    for (const auto& [rule_id, alerts] : given.alerts) giver[rule_id] = i;
    for (const auto& [rule_id, writer] : given.writers) giver[rule_id] = i;
    handover.alerts.merge(given.alerts);
    handover.writers.merge(given.writers);
    handover.models.merge(given.models);
  }
  for (size_t i = 0; i < shards.size(); ++i) {
    shards[i]->TakeOver(std::move(plans[i]), now, handover);
  }
  RetireRest(shards, std::move(handover), giver, now);
  return absl::OkStatus();
}

std::vector<Resumed> ShareOut(Resumed recovered, const rules::RuleSet& rules,
                              const Placement& placement, size_t shards) {
  AlertsByRule& alerts = recovered.alerts;
  std::vector<Resumed> shares;
  for (size_t i = 0; i < shards; ++i) {
    Resumed& share =
        shares.emplace_back(Resumed{{}, {}, recovered.evaluated, recovered.hold_until});
    for (const std::string& rule_id : OwnedRuleIds(rules, placement.OwnedBy(i))) {
      if (auto node = alerts.extract(rule_id)) share.alerts.insert(std::move(node));
      if (auto node = recovered.models.extract(rule_id)) share.models.insert(std::move(node));
    }
  }
  shares.back().alerts.merge(alerts);
  shares.back().models.merge(recovered.models);
  return shares;
}

}  // namespace tocsin::engine
