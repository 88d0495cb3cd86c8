#include "app/config_routing.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "app/config_grouping.h"
#include "app/config_matchers.h"
#include "app/config_receivers.h"
#include "app/config_time_intervals.h"

namespace tocsin::app {
namespace {

namespace code = rules::code;

constexpr char kSwallowing[] = "none";  // the receiver without targets

// Reads everything below `route`.
class RoutingReader {
 public:
  RoutingReader(ConfigFindings& findings, const routing::TimeIntervals& intervals)
      : findings_(findings), intervals_(intervals) {}

  delivery::Route ReadRoute(const YamlNode& node, bool root);

  delivery::ReceiversAndRoutes routing;

 private:
  void ReadReceiverName(const ConfigMap& map, bool root, delivery::Route& route);
  void ReadRouteMatchers(const ConfigMap& map, bool root, delivery::Route& route);

  ConfigFindings& findings_;
  const routing::TimeIntervals& intervals_;
};

void RoutingReader::ReadReceiverName(const ConfigMap& map, bool root, delivery::Route& route) {
  map.ReadString("receiver", &route.receiver);
  if (route.receiver.empty()) {
    if (root) findings_.Error(map.node(), code::kMissingKey, "the root route needs a receiver");
    return;
  }
  if (routing.receivers.count(route.receiver)) return;
  std::vector<std::string> names;
  for (const auto& entry : routing.receivers) names.push_back(entry.first);
  const std::string closest = rules::ClosestWord(route.receiver, names);
  findings_.BadValue(*map.Find("receiver"),
                     absl::StrCat("there is no receiver \"", route.receiver, "\""),
                     closest.empty() ? "" : absl::StrCat("did you mean \"", closest, "\"?"));
}

void RoutingReader::ReadRouteMatchers(const ConfigMap& map, bool root, delivery::Route& route) {
  using delivery::Matcher;
  ReadMatchers(findings_, map, "matchers", route.matchers);
  ReadMatcherMap(findings_, map, "match", Matcher::Op::kEqual, route.matchers);
  ReadMatcherMap(findings_, map, "match_re", Matcher::Op::kMatch, route.matchers);
  if (root && !route.matchers.empty()) {
    findings_.BadValue(map.Key("matchers"),
                       "the root route takes every page and must have no matchers");
  }
}

delivery::Route RoutingReader::ReadRoute(const YamlNode& node, bool root) {
  ConfigMap map(findings_, node, "route");
  map.CheckKeys({"receiver", "matchers", "match", "match_re", "continue", "routes", "group_by",
                 "group_wait", "group_interval", "repeat_interval", "storm_alerts",
                 "mute_time_intervals", "active_time_intervals"});
  delivery::Route route;
  ReadReceiverName(map, root, route);
  ReadRouteMatchers(map, root, route);
  ReadRouteGrouping(findings_, map, root, route);
  ReadRouteIntervals(findings_, map, root, intervals_, route);
  map.ReadBool("continue", &route.continue_matching);
  map.ForEachItem("routes", [&](const YamlNode& child) {
    route.routes.push_back(ReadRoute(child, /*root=*/false));
  });
  return route;
}

}  // namespace

delivery::ReceiversAndRoutes ReadRouting(ConfigFindings& findings, const ConfigMap& top,
                                         const std::string& folder, const ConfigSources& sources,
                                         const routing::TimeIntervals& intervals) {
  RoutingReader reader(findings, intervals);
  ReadReceivers(ReceiverContext(findings, folder, sources), top, reader.routing.receivers);
  const YamlNode* route = top.Find("route");
  if (route != nullptr) {
    reader.routing.route = reader.ReadRoute(*route, /*root=*/true);
  } else if (reader.routing.receivers.empty()) {
    findings.Warning(top.node(), kNobodyPaged,
                     "no receivers: alerts are evaluated and shown, but nobody is paged");
    reader.routing.receivers[kSwallowing] = {.name = kSwallowing};
    reader.routing.route.receiver = kSwallowing;
    reader.routing.route.storm_alerts = kStormAlertsDefault;
  } else {
    findings.Error(top.Key("receivers"), code::kMissingKey,
                   "receivers without a route would get nothing", "add route: {receiver: NAME}");
  }
  return std::move(reader.routing);
}

std::string ResolvePath(const std::string& folder, const std::string& path) {
  if (folder.empty() || absl::StartsWith(path, "/")) return path;
  return absl::StrCat(folder, "/", path);
}

}  // namespace tocsin::app
