#include "app/config_inhibit.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "app/config_matchers.h"

namespace tocsin::app {
namespace {

using delivery::Matcher;
using routing::InhibitRule;

std::vector<Matcher> ReadSide(ConfigFindings& findings, const ConfigMap& map,
                              const std::string& side) {
  std::vector<Matcher> matchers;
  ReadMatchers(findings, map, side + "_matchers", matchers);
  ReadMatcherMap(findings, map, side + "_match", Matcher::Op::kEqual, matchers);
  ReadMatcherMap(findings, map, side + "_match_re", Matcher::Op::kMatch, matchers);
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
