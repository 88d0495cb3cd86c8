#include "app/config_grouping.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "rules/promql/printer.h"

namespace tocsin::app {
namespace {

namespace code = rules::code;

constexpr char kEachAlert[] = "...";

void ReadGroupBy(ConfigFindings& findings, const ConfigMap& map, delivery::Route& route) {
  if (map.Find("group_by") == nullptr) return;
  std::vector<std::string> names;
  map.ForEachItem("group_by", [&](const YamlNode& item) {
    const auto name = ReadText(findings, item, "each of group_by");
    if (!name) return;
    if (name->empty()) return findings.BadValue(item, "group_by names a label, this is empty");
    if (std::count(names.begin(), names.end(), *name) > 0) {
      return findings.BadValue(item, absl::StrCat("group_by names the label ", *name, " twice"));
    }
    names.push_back(*name);
  });
  if (names.size() > 1 && std::count(names.begin(), names.end(), kEachAlert) > 0) {
    return findings.BadValue(*map.Find("group_by"),
                             "\"...\" groups by all labels and leaves no place for others");
  }
  route.group_by = std::move(names);
}

void ReadSpan(ConfigFindings& findings, const ConfigMap& map, const char* key, bool may_be_zero,
              std::optional<absl::Duration>& out) {
  absl::Duration span;
  if (!map.ReadDuration(key, &span)) return;
  if (span < absl::ZeroDuration() || (span == absl::ZeroDuration() && !may_be_zero)) {
    return findings.BadValue(*map.Find(key), absl::StrCat(key, " must be above 0"));
  }
  out = span;
}

void ReadStormAlerts(ConfigFindings& findings, const ConfigMap& map, delivery::Route& route) {
  const YamlNode* node = map.Find("storm_alerts");
  if (node == nullptr) return;
  uint64_t alerts = 0;
  const bool number =
      node->kind == YamlNode::Kind::kScalar && absl::SimpleAtoi(node->value, &alerts);
  if (!number || alerts > 100'000) {
    return findings.Error(*node, code::kWrongType,
                          "storm_alerts must be a whole number up to 100000",
                          "0 gives every alert a page of its own");
  }
  route.storm_alerts = alerts;
}

}  // namespace

void ReadRouteGrouping(ConfigFindings& findings, const ConfigMap& map, bool root,
                       delivery::Route& route) {
  if (root) route.storm_alerts = kStormAlertsDefault;
  ReadGroupBy(findings, map, route);
  ReadSpan(findings, map, "group_wait", /*may_be_zero=*/true, route.group_wait);
  ReadSpan(findings, map, "group_interval", /*may_be_zero=*/false, route.group_interval);
  ReadSpan(findings, map, "repeat_interval", /*may_be_zero=*/true, route.repeat_interval);
  ReadStormAlerts(findings, map, route);
}

void PrintRouteGrouping(const delivery::Route& route, ConfigWriter& writer) {
  if (route.group_by) writer.Texts("group_by", *route.group_by);
  const auto span = [&](const char* key, const std::optional<absl::Duration>& value) {
    if (value) writer.Line(absl::StrCat(key, ": ", promql::PrintDuration(*value)));
  };
  span("group_wait", route.group_wait);
  span("group_interval", route.group_interval);
  span("repeat_interval", route.repeat_interval);
  if (route.storm_alerts) writer.Line(absl::StrCat("storm_alerts: ", *route.storm_alerts));
}

}  // namespace tocsin::app
