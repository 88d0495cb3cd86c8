#include "app/config_time_intervals.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "integrations/routing/time_interval_text.h"

namespace tocsin::app {
namespace {

namespace code = rules::code;
using routing::InclusiveRange;
using routing::NamedInterval;
using routing::TimeInterval;

using ParseRange = absl::StatusOr<InclusiveRange> (*)(absl::string_view text);

void ReadRanges(ConfigFindings& findings, const ConfigMap& map, const char* key, ParseRange parse,
                std::vector<InclusiveRange>& out) {
  map.ForEachItem(key, [&](const YamlNode& item) {
    const auto text = ReadText(findings, item, absl::StrCat("each of ", key));
    if (!text) return;
    const auto range = parse(*text);
    if (!range.ok()) return findings.BadValue(item, std::string(range.status().message()));
    out.push_back(*range);
  });
}

void ReadTimes(ConfigFindings& findings, const ConfigMap& map,
               std::vector<TimeInterval::TimeRange>& out) {
  map.ForEachItem("times", [&](const YamlNode& item) {
    ConfigMap time(findings, item, "times");
    time.CheckKeys({"start_time", "end_time"});
    std::string start, end;
    time.ReadString("start_time", &start);
    time.ReadString("end_time", &end);
    const auto range = routing::ParseTimeRange(start, end);
    if (!range.ok()) return findings.BadValue(item, std::string(range.status().message()));
    out.push_back(*range);
  });
}

TimeInterval ReadInterval(ConfigFindings& findings, const YamlNode& node) {
  ConfigMap map(findings, node, "time interval");
  map.CheckKeys({"times", "weekdays", "days_of_month", "months", "years", "location"});
  TimeInterval interval;
  ReadTimes(findings, map, interval.times);
  ReadRanges(findings, map, "weekdays", routing::ParseWeekdays, interval.weekdays);
  ReadRanges(findings, map, "days_of_month", routing::ParseDaysOfMonth, interval.days_of_month);
  ReadRanges(findings, map, "months", routing::ParseMonths, interval.months);
  ReadRanges(findings, map, "years", routing::ParseYears, interval.years);
  std::string location;
  if (map.ReadString("location", &location)) {
    const auto zone = routing::ParseLocation(location);
    if (zone.ok()) {
      interval.location = *zone;
    } else {
      findings.BadValue(*map.Find("location"), std::string(zone.status().message()),
                        "a name of the IANA database, such as Europe/Brussels");
    }
  }
  return interval;
}

void ReadNamed(ConfigFindings& findings, const YamlNode& node, routing::TimeIntervals& out) {
  ConfigMap map(findings, node, "time interval");
  map.CheckKeys({"name", "time_intervals"});
  std::string name;
  if (!map.ReadString("name", &name) || name.empty()) {
    return findings.Error(node, code::kMissingKey, "a time interval needs a name");
  }
  NamedInterval named;
  map.ForEachItem("time_intervals", [&](const YamlNode& item) {
    named.intervals.push_back(ReadInterval(findings, item));
  });
  if (!out.emplace(name, std::move(named)).second) {
    findings.Error(*map.Find("name"), code::kDuplicateName,
                   absl::StrCat("there are two time intervals named \"", name, "\""));
  }
}

void ReadNames(ConfigFindings& findings, const ConfigMap& map, const char* key, bool root,
               const routing::TimeIntervals& known, std::vector<std::string>& out) {
  std::vector<std::string> names;
  for (const auto& [name, interval] : known) names.push_back(name);
  map.ForEachItem(key, [&](const YamlNode& item) {
    const auto name = ReadText(findings, item, absl::StrCat("each of ", key));
    if (!name) return;
    if (root) {
      return findings.BadValue(item, absl::StrCat("the root route must not have any ", key),
                               "give them to a route below it");
    }
    if (known.count(*name)) return out.push_back(*name);
    const std::string closest = rules::ClosestWord(*name, names);
    findings.BadValue(item, absl::StrCat("there is no time interval \"", *name, "\""),
                      closest.empty() ? "" : absl::StrCat("did you mean \"", closest, "\"?"));
  });
}

}  // namespace

routing::TimeIntervals ReadTimeIntervals(ConfigFindings& findings, const ConfigMap& top) {
  routing::TimeIntervals intervals;
  for (const char* key : {"time_intervals", "mute_time_intervals"}) {
    top.ForEachItem(key, [&](const YamlNode& node) { ReadNamed(findings, node, intervals); });
  }
  return intervals;
}

void ReadRouteIntervals(ConfigFindings& findings, const ConfigMap& map, bool root,
                        const routing::TimeIntervals& known, delivery::Route& route) {
  ReadNames(findings, map, "mute_time_intervals", root, known, route.mute_time_intervals);
  ReadNames(findings, map, "active_time_intervals", root, known, route.active_time_intervals);
}

}  // namespace tocsin::app
