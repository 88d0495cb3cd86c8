#include "app/config_matchers.h"

#include <utility>

namespace tocsin::app {

using delivery::Matcher;

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

void ReadMatcherMap(ConfigFindings& findings, const ConfigMap& map, const std::string& key, Matcher::Op op,
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

}  // namespace tocsin::app
