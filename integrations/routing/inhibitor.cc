#include "integrations/routing/inhibitor.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tocsin::routing {
namespace {

bool AllMatch(const std::vector<delivery::Matcher>& matchers, const Labels& labels) {
  return std::all_of(matchers.begin(), matchers.end(),
                     [&](const delivery::Matcher& matcher) { return matcher.Matches(labels); });
}

// Lengths before the values keep apart what would read the same joined.
std::string EqualValues(const InhibitRule& rule, const Labels& labels) {
  std::string values;
  for (const std::string& name : rule.equal) {
    const absl::string_view value = labels.Get(name);
    absl::StrAppend(&values, value.size(), ":", value);
  }
  return values;
}

void SortAndDropRepeated(std::vector<Inhibitor::Slot>& slots) {
  std::sort(slots.begin(), slots.end());
  slots.erase(std::unique(slots.begin(), slots.end()), slots.end());
}

}  // namespace

Inhibitor::Inhibitor(std::vector<InhibitRule> rules) {
  SetRules(std::move(rules));
}

void Inhibitor::SetRules(std::vector<InhibitRule> rules) {
  rules_.clear();
  for (InhibitRule& rule : rules) rules_.push_back({std::move(rule), {}});
  std::vector<Slot> changed;
  for (const auto& [key, labels] : firing_) Add(key, labels, changed);
}

std::vector<Inhibitor::Slot> Inhibitor::SetFiring(absl::string_view key, const Labels& labels) {
  std::vector<Slot> changed;
  const std::string name(key);
  const auto [found, added] = firing_.try_emplace(name, labels);
  if (!added) {
    if (found->second == labels) return changed;
    Drop(name, found->second, changed);
    found->second = labels;
  }
  Add(name, labels, changed);
  SortAndDropRepeated(changed);
  return changed;
}

std::vector<Inhibitor::Slot> Inhibitor::Remove(absl::string_view key) {
  std::vector<Slot> changed;
  const auto found = firing_.find(key);
  if (found == firing_.end()) return changed;
  Drop(found->first, found->second, changed);
  firing_.erase(found);
  return changed;
}

void Inhibitor::Add(const std::string& key, const Labels& labels, std::vector<Slot>& changed) {
  for (size_t i = 0; i < rules_.size(); ++i) {
    Rule& rule = rules_[i];
    if (!AllMatch(rule.rule.source_matchers, labels)) continue;
    std::string values = EqualValues(rule.rule, labels);
    Sources& sources = rule.sources[values];
    auto& keys = AllMatch(rule.rule.target_matchers, labels) ? sources.two_sided : sources.plain;
    if (keys.empty()) changed.emplace_back(i, std::move(values));
    keys.insert(key);
  }
}

void Inhibitor::Drop(const std::string& key, const Labels& labels, std::vector<Slot>& changed) {
  for (size_t i = 0; i < rules_.size(); ++i) {
    Rule& rule = rules_[i];
    if (!AllMatch(rule.rule.source_matchers, labels)) continue;
    const std::string values = EqualValues(rule.rule, labels);
    const auto found = rule.sources.find(values);
    if (found == rule.sources.end()) continue;
    Sources& sources = found->second;
    auto& keys = AllMatch(rule.rule.target_matchers, labels) ? sources.two_sided : sources.plain;
    keys.erase(key);
    if (keys.empty()) changed.emplace_back(i, values);
    if (sources.empty()) rule.sources.erase(found);
  }
}

std::vector<std::string> Inhibitor::InhibitedBy(const Labels& labels) const {
  std::vector<std::string> keys;
  for (const Rule& rule : rules_) {
    if (rule.sources.empty() || !AllMatch(rule.rule.target_matchers, labels)) continue;
    const auto found = rule.sources.find(EqualValues(rule.rule, labels));
    if (found == rule.sources.end()) continue;
    const Sources& sources = found->second;
    if (!sources.plain.empty()) {
      keys.push_back(*sources.plain.begin());
    } else if (!AllMatch(rule.rule.source_matchers, labels)) {
      keys.push_back(*sources.two_sided.begin());
    }
  }
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

std::vector<Inhibitor::Slot> Inhibitor::SlotsOf(const Labels& labels) const {
  std::vector<Slot> slots;
  for (size_t i = 0; i < rules_.size(); ++i) {
    if (!AllMatch(rules_[i].rule.target_matchers, labels)) continue;
    slots.emplace_back(i, EqualValues(rules_[i].rule, labels));
  }
  return slots;
}

const Labels* Inhibitor::FindFiring(absl::string_view key) const {
  const auto found = firing_.find(key);
  return found == firing_.end() ? nullptr : &found->second;
}

}  // namespace tocsin::routing
