#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "base/labels.h"
#include "integrations/delivery/matcher.h"

namespace tocsin::routing {

// One of `inhibit_rules`: while an alert that the source's matchers accept fires, alerts that the
// target's accept and that have the same values of the labels in `equal` are inhibited. All
// matchers of a side must match; a side without matchers accepts every alert. An absent label
// equals an empty one.
struct InhibitRule {
  std::vector<delivery::Matcher> source_matchers;
  std::vector<delivery::Matcher> target_matchers;
  std::vector<std::string> equal;
};

// Which firing alerts inhibit which others, as Alertmanager decides: an alert that matches both
// sides of a rule is not inhibited by alerts for which the same is true, so it never inhibits
// itself.
//
// A question costs the matchers of the rules, not the number of alerts that fire: sources are kept
// by rule and by the values of the labels that must be equal.
//
// Thread: one at a time.
class Inhibitor {
 public:
  // A rule and the values of its labels in `equal`: what a target and its sources have in common.
  // Compare, hash and keep it, but do not look into it.
  using Slot = std::pair<size_t, std::string>;

  explicit Inhibitor(std::vector<InhibitRule> rules = {});

  // Takes over other rules; alerts that fire are kept. All targets have to be asked again.
  void SetRules(std::vector<InhibitRule> rules);

  // `key` tells alerts apart. Called again, the labels may be others. Returns the slots whose
  // targets have to be asked again, which are few: those that had no such source, or have none now.
  std::vector<Slot> SetFiring(absl::string_view key, const Labels& labels);
  std::vector<Slot> Remove(absl::string_view key);

  // For each rule that inhibits an alert with these labels the key of one source, ascending, each
  // once. Empty: not inhibited.
  std::vector<std::string> InhibitedBy(const Labels& labels) const;

  // The slots of an alert with these labels as a target: its answer can only change when one of
  // them is returned above.
  std::vector<Slot> SlotsOf(const Labels& labels) const;

  size_t sources() const { return firing_.size(); }
  // Of an alert that fires; null if it does not.
  const Labels* FindFiring(absl::string_view key) const;

 private:
  // Keys of the sources in one slot, apart by whether they are targets of the rule as well.
  struct Sources {
    std::set<std::string> plain;
    std::set<std::string> two_sided;
    bool empty() const { return plain.empty() && two_sided.empty(); }
  };
  struct Rule {
    InhibitRule rule;
    absl::flat_hash_map<std::string, Sources> sources;  // by the values of the equal labels
  };

  void Add(const std::string& key, const Labels& labels, std::vector<Slot>& changed);
  void Drop(const std::string& key, const Labels& labels, std::vector<Slot>& changed);

  std::vector<Rule> rules_;
  absl::flat_hash_map<std::string, Labels> firing_;
};

}  // namespace tocsin::routing
