#pragma once

#include <memory>
#include <string>
#include <vector>

#include "rules/rule.h"
#include "tests/sim/dice.h"

namespace tocsin::simulation {

// Writes random rules over the metrics of Traffic, and changes them as an operator does: threshold
// monitors with every option, groups with alerts and with recording rules that feed others.
class RuleMaker {
 public:
  explicit RuleMaker(uint64_t seed);

  // Changes one thing: a condition, a duration, a query, a mode; or removes or adds a rule.
  void Change();

  std::shared_ptr<const rules::RuleSet> Rules() const;
  std::string Yaml() const;

 private:
  // A line of YAML is put together from these when asked for.
  struct Monitor {
    std::string name;
    size_t query = 0;
    int threshold = 0;
    std::string duration, keep_firing_for, no_data;
    bool shadow = false;
  };
  struct Rule {
    std::string name;
    size_t query = 0;
    std::string duration, keep_firing_for;
  };
  struct Group {
    std::string name;
    int interval_s = 5;
    bool records = false;
    std::vector<Rule> rules;
  };

  Monitor MakeMonitor();
  Rule MakeRule();
  std::string Text(const Monitor& monitor) const;
  std::string Text(const Group& group) const;
  std::string Pick(std::initializer_list<const char*> choices);

  Dice dice_;
  int next_name_ = 0;
  int revision_ = 0;
  std::vector<Monitor> monitors_;
  std::vector<Group> groups_;
};

}  // namespace tocsin::simulation
