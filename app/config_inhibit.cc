#include "app/config_inhibit.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tocsin::app {
namespace {

using delivery::Matcher;
using routing::InhibitRule;

void ReadMatchers(ConfigFindings& findings, const ConfigMap& map, const std::string& key,
                  std::vector<Matcher>& out) {
  map.ForEachItem(key, [&](const YamlNode& item) {
    const auto text = ReadText(findings, item, "a matcher");
    if (!text) return;
    auto matchers = delivery::ParseMatchers(*text);
    if (!matchers.ok()) return findings.BadValue(item, std::string(matchers.status().message()));
    for (Matcher& matcher : *matchers) out.push_back(std::move(matcher));
  });
}

// A map of labels and their values, or regular expressions of these.
void ReadMap(ConfigFindings& findings, const ConfigMap& map, const std::string& key, Matcher::Op op,
             std::vector<Matcher>& out) {
  const YamlNode* node = map.Find(key);
  if (node == nullptr) return;
  const ConfigMap labels(findings, *node, key);
  for (const rules::YamlEntry& entry : node->entries) {
    const auto value = ReadText(findings, *entry.value, "a label's value");
    if (!value) continue;
    auto matcher = Matcher::Make(entry.key->value, op, *value);
    if (!matcher.ok()) {
      findings.BadValue(*entry.value, std::string(matcher.status().message()));
      continue;
    }
    out.push_back(*std::move(matcher));
  }
}

std::vector<Matcher> ReadSide(ConfigFindings& findings, const ConfigMap& map,
                              const std::string& side) {
  std::vector<Matcher> matchers;
  ReadMatchers(findings, map, side + "_matchers", matchers);
  ReadMap(findings, map, side + "_match", Matcher::Op::kEqual, matchers);
  ReadMap(findings, map, side + "_match_re", Matcher::Op::kMatch, matchers);
  return matchers;
}

InhibitRule ReadRule(ConfigFindings& findings, const YamlNode& node) {
  ConfigMap map(findings, node, "inhibit rule");
  map.CheckKeys({"source_matchers", "target_matchers", "equal", "source_match", "source_match_re",
                 "target_match", "target_match_re"});
  InhibitRule rule;
  rule.source_matchers = ReadSide(findings, map, "source");
  rule.target_matchers = ReadSide(findings, map, "target");
  map.ForEachItem("equal", [&](const YamlNode& item) {
    const auto name = ReadText(findings, item, "each of equal");
    if (!name) return;
    if (name->empty()) return findings.BadValue(item, "invalid label name: \"\"");
    rule.equal.push_back(*name);
  });
  return rule;
}

}  // namespace

std::vector<InhibitRule> ReadInhibitRules(ConfigFindings& findings, const ConfigMap& top) {
  std::vector<InhibitRule> rules;
  top.ForEachItem("inhibit_rules",
                  [&](const YamlNode& node) { rules.push_back(ReadRule(findings, node)); });
  return rules;
}

}  // namespace tocsin::app
