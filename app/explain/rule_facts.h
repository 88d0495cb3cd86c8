#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "rules/promql/ast.h"
#include "rules/rule.h"

// Rules as people ask for them, and what they say, in words. Pure; thread: any.
namespace tocsin::app::explain {

struct RuleFacts {
  std::string id;
  std::string name;
  std::string kind;        // "monitor", "anomaly monitor", "composite monitor", "alerting rule"
  std::string expression;  // query or composite
  std::vector<std::pair<std::string, std::string>> settings;
  const promql::Expr* query = nullptr;   // null for composites; lives as long as the rule set
  std::vector<std::string> members;      // of a composite
  std::vector<std::string> label_names;  // that the rule adds to those of its rows
  bool monitor = false;
  bool anomaly = false;
};

// The monitors and alerting rules with this name or identity, in the order of the rule set.
std::vector<RuleFacts> FindRules(const rules::RuleSet& rules, absl::string_view name_or_id);

// "monitor/checkout" and the like as a name; the identity itself if it is none.
std::string NameInId(absl::string_view id);

}  // namespace tocsin::app::explain
