#include "engine/composite_plan.h"

#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tocsin::engine {
namespace {

// Depth first: members before those who read them.
class Order {
 public:
  explicit Order(const rules::RuleSet& rules) {
    for (const rules::Monitor& monitor : rules.monitors) {
      if (monitor.composite != nullptr) composites_.emplace(monitor.name, &monitor);
    }
  }

  std::vector<const rules::Monitor*> Run() {
    for (const auto& [name, monitor] : composites_) Visit(*monitor);
    return std::move(ordered_);
  }

 private:
  void Visit(const rules::Monitor& monitor) {
    if (!visited_.insert(monitor.name).second) return;
    for (const rules::CompositeMember& member : monitor.composite->members) {
      const auto composite = composites_.find(member.name);
      if (composite != composites_.end()) Visit(*composite->second);
    }
    ordered_.push_back(&monitor);
  }

  std::map<std::string, const rules::Monitor*> composites_;
  std::set<std::string> visited_;
  std::vector<const rules::Monitor*> ordered_;
};

}  // namespace

std::vector<const rules::Monitor*> CompositesInOrder(const rules::RuleSet& rules) {
  return Order(rules).Run();
}

MemberWiring::MemberWiring(ShardPlan& plan) : plan_(plan) {
  ForEachRule(plan, [&](RuleRuntime& rule) { Add(rule); });
}

void MemberWiring::Add(RuleRuntime& rule) {
  if (rule.alerts != nullptr) by_name_[rule.alerts->alert_name()].push_back(&rule);
}

absl::Status MemberWiring::Connect(const rules::Composite& composite, RuleRuntime& reader) {
  const auto number = static_cast<uint32_t>(plan_.monitors.size());
  for (const rules::CompositeMember& member : composite.members) {
    const auto found = by_name_.find(member.name);
    if (found == by_name_.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("there is no monitor or alerting rule \"", member.name, "\""));
    }
    reader.members.emplace_back(found->second.begin(), found->second.end());
    for (RuleRuntime* rule : found->second) rule->read_by.push_back(number);
  }
  Add(reader);
  return absl::OkStatus();
}

}  // namespace tocsin::engine
