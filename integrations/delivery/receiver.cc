#include "integrations/delivery/receiver.h"

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"

namespace tocsin::delivery {
namespace {

bool AllMatch(const Route& route, const Labels& labels) {
  return std::all_of(route.matchers.begin(), route.matchers.end(),
                     [&](const Matcher& matcher) { return matcher.Matches(labels); });
}

// What `route` says over what its parent said.
RouteMatch Inherit(const Route& route, const std::string& place, RouteMatch settings) {
  settings.route = place;
  if (!route.receiver.empty()) settings.receiver = route.receiver;
  if (route.group_by) {
    const bool by_all = std::count(route.group_by->begin(), route.group_by->end(), "...") > 0;
    settings.group_by = by_all ? std::vector<std::string>() : *route.group_by;
  }
  if (route.group_wait) settings.timing.wait = *route.group_wait;
  if (route.group_interval) settings.timing.interval = *route.group_interval;
  if (route.repeat_interval) settings.repeat_interval = *route.repeat_interval;
  settings.intervals = {route.mute_time_intervals, route.active_time_intervals};
  if (route.storm_alerts) settings.storm_alerts = *route.storm_alerts;
  return settings;
}

// Adds what `route`, which matches already, and its children say.
void Collect(const Route& route, const RouteMatch& settings, const Labels& labels,
             std::vector<RouteMatch>& out) {
  bool handed_down = false;
  for (size_t i = 0; i < route.routes.size(); ++i) {
    const Route& child = route.routes[i];
    if (!AllMatch(child, labels)) continue;
    const std::string place = absl::StrCat(settings.route, settings.route.empty() ? "" : "/", i);
    Collect(child, Inherit(child, place, settings), labels, out);
    handed_down = true;
    if (!child.continue_matching) break;
  }
  if (handed_down) return;
  const bool known = std::any_of(out.begin(), out.end(), [&](const RouteMatch& match) {
    return match.receiver == settings.receiver;
  });
  if (!known) out.push_back(settings);
}

absl::Status CheckOthers(const Receiver& receiver, const ReceiversAndRoutes& config) {
  const auto check = [&](const std::string& name) {
    if (name.empty() || config.receivers.count(name)) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("receiver \"", receiver.name, "\" names the unknown receiver \"", name, "\""));
  };
  TOCSIN_RETURN_IF_ERROR(check(receiver.fallback));
  for (const EscalationStep& step : receiver.escalation) {
    TOCSIN_RETURN_IF_ERROR(check(step.receiver));
  }
  return absl::OkStatus();
}

absl::Status CheckReceivers(const Route& route, const ReceiversAndRoutes& config) {
  if (!route.receiver.empty() && !config.receivers.count(route.receiver)) {
    return absl::InvalidArgumentError(
        absl::StrCat("route names the unknown receiver \"", route.receiver, "\""));
  }
  for (const Route& child : route.routes) TOCSIN_RETURN_IF_ERROR(CheckReceivers(child, config));
  return absl::OkStatus();
}

}  // namespace

absl::Status Validate(const ReceiversAndRoutes& config) {
  if (config.route.receiver.empty()) {
    return absl::InvalidArgumentError("the root route needs a receiver");
  }
  if (!config.route.matchers.empty()) {
    return absl::InvalidArgumentError("the root route takes every page and must have no matchers");
  }
  for (const auto& [name, receiver] : config.receivers) {
    TOCSIN_RETURN_IF_ERROR(CheckOthers(receiver, config));
  }
  return CheckReceivers(config.route, config);
}

std::vector<RouteMatch> Match(const Route& root, const Labels& labels) {
  std::vector<RouteMatch> matches;
  Collect(root, Inherit(root, "", RouteMatch()), labels, matches);
  return matches;
}

Labels GroupLabels(const RouteMatch& match, const Labels& labels) {
  LabelsBuilder by;
  for (const std::string& name : match.group_by) by.Set(name, std::string(labels.Get(name)));
  return by.Build();
}

RouteMatch RouteAt(const Route& root, const std::string& place) {
  RouteMatch match = Inherit(root, "", RouteMatch());
  const Route* route = &root;
  for (const absl::string_view part : absl::StrSplit(place, '/', absl::SkipEmpty())) {
    size_t index = 0;
    if (!absl::SimpleAtoi(part, &index) || index >= route->routes.size()) break;
    route = &route->routes[index];
    match =
        Inherit(*route, absl::StrCat(match.route, match.route.empty() ? "" : "/", index), match);
  }
  return match.route == place ? match : Inherit(root, "", RouteMatch());
}

}  // namespace tocsin::delivery
