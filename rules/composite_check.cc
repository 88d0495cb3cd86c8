#include "rules/composite_check.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "rules/composite.h"

namespace tocsin::rules {
namespace {

class Checker {
 public:
  Checker(const RuleSet& rules, std::vector<Diagnostic>& findings) : findings_(findings) {
    for (const Monitor& monitor : rules.monitors) monitors_.emplace(monitor.name, &monitor);
    for (const Group& group : rules.groups) {
      for (const GroupRule& rule : group.rules) {
        if (const auto* alert = std::get_if<AlertRule>(&rule)) alerts_.insert(alert->name);
      }
    }
  }

  void CheckNames(const Monitor& monitor) {
    for (const CompositeMember& member : monitor.composite->members) {
      const bool is_monitor = monitors_.contains(member.name);
      const bool is_alert = alerts_.contains(member.name);
      if (is_monitor != is_alert) continue;
      if (is_monitor) {
        Report(member, absl::StrCat("\"", member.name, "\" is both a monitor and an alerting rule"),
               "rename one of them");
      } else {
        Report(member, absl::StrCat("there is no monitor or alerting rule \"", member.name, "\""),
               Suggestion(member.name));
      }
    }
  }

  // Depth first; what was left without a circle needs no second visit.
  void FindCircles(const Monitor& monitor) {
    if (monitor.composite == nullptr || !visited_.insert(monitor.name).second) return;
    path_.push_back(monitor.name);
    for (const CompositeMember& member : monitor.composite->members) {
      const auto on_path = std::find(path_.begin(), path_.end(), member.name);
      if (on_path != path_.end()) {
        Report(member,
               absl::StrCat("composite monitors read each other in a circle: ",
                            absl::StrJoin(on_path, path_.end(), " -> "), " -> ", member.name));
        continue;
      }
      const auto next = monitors_.find(member.name);
      if (next != monitors_.end()) FindCircles(*next->second);
    }
    path_.pop_back();
  }

 private:
  void Report(const CompositeMember& member, std::string message, std::string hint = "") {
    findings_.push_back(
        {member.position, Severity::kError, std::move(message), code::kComposite, std::move(hint)});
  }

  std::string Suggestion(const std::string& name) const {
    std::vector<std::string> names(alerts_.begin(), alerts_.end());
    for (const auto& [monitor, unused] : monitors_) names.push_back(monitor);
    const std::string meant = ClosestWord(name, names);
    return meant.empty() ? "" : absl::StrCat("did you mean \"", meant, "\"?");
  }

  std::vector<Diagnostic>& findings_;
  std::map<std::string, const Monitor*> monitors_;
  std::set<std::string> alerts_;
  std::set<std::string> visited_;
  std::vector<std::string> path_;
};

}  // namespace

void CheckComposites(const RuleSet& rules, std::vector<Diagnostic>& findings) {
  Checker checker(rules, findings);
  for (const Monitor& monitor : rules.monitors) {
    if (monitor.composite != nullptr) checker.CheckNames(monitor);
  }
  for (const Monitor& monitor : rules.monitors) checker.FindCircles(monitor);
}

}  // namespace tocsin::rules
