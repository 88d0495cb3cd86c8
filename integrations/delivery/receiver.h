#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/labels.h"
#include "integrations/alertmanager/config.h"
#include "integrations/delivery/escalation.h"
#include "integrations/delivery/grouping.h"
#include "integrations/delivery/matcher.h"
#include "integrations/opsgenie/config.h"
#include "integrations/pagerduty/config.h"
#include "integrations/routing/suppressor.h"
#include "integrations/webhook/config.h"

namespace tocsin::delivery {

// Where pages can go. One entry of `receivers` in tocsin.yaml; without any configuration it
// swallows its pages, as in Alertmanager. Its targets are counted by position, so the order of each
// list is part of an open page's identity; for Alertmanager that of the URLs of all entries.
struct Receiver {
  std::string name;
  std::vector<opsgenie::OpsgenieConfig> opsgenie_configs;
  std::vector<webhook::WebhookConfig> webhook_configs;
  std::vector<alertmanager::AlertmanagerConfig> alertmanager_configs;  // one for each URL
  std::vector<pagerduty::PagerdutyConfig> pagerduty_configs;
  EscalationSteps escalation;
  // Where pages go that a target of this one would refuse, because of its key or plan; "": nowhere.
  std::string fallback;
};

// A node of Alertmanager's routing tree. The root has no matchers; a child without a receiver has
// its parent's.
struct Route {
  std::string receiver;
  std::vector<Matcher> matchers;   // all must match
  bool continue_matching = false;  // look at later siblings too
  // What is not set is the parent's. Without `group_by`, or with "...", each alert has its own
  // page.
  std::optional<std::vector<std::string>> group_by;
  std::optional<absl::Duration> group_wait;
  std::optional<absl::Duration> group_interval;
  // A page that nobody has acknowledged is told again so often; zero: never.
  std::optional<absl::Duration> repeat_interval;
  // So many alerts of a rule that begin within a minute have pages of their own, those beyond share
  // one; 0: all have their own.
  std::optional<size_t> storm_alerts;
  // Names of time intervals: its pages wait inside the former, and outside all of the latter.
  std::vector<std::string> mute_time_intervals;
  std::vector<std::string> active_time_intervals;
  std::vector<Route> routes;
};

struct ReceiversAndRoutes {
  std::map<std::string, Receiver> receivers;
  Route route;
};

// InvalidArgument if the root has matchers or no receiver, or a route, a fallback or a step of an
// escalation names a receiver that does not exist.
absl::Status Validate(const ReceiversAndRoutes& config);

// What a route that matches says, with what it has from its parents.
struct RouteMatch {
  std::string receiver;
  std::string route;                  // place in the tree, "0/2"; "" is the root
  std::vector<std::string> group_by;  // empty: each alert has its own page
  GroupTiming timing;
  absl::Duration repeat_interval;  // zero: never
  size_t storm_alerts = 0;
  routing::RouteIntervals intervals;  // the route's own
};

// The receivers of a page in the tree's order, each once: the deepest matching routes; of siblings
// the first one, and later ones as long as `continue_matching` says so.
std::vector<RouteMatch> Match(const Route& root, const Labels& labels);
// The labels that the page of an alert on that route is grouped by.
Labels GroupLabels(const RouteMatch& match, const Labels& labels);
// What the route at `place` says; the root's if there is none.
RouteMatch RouteAt(const Route& root, const std::string& place);

}  // namespace tocsin::delivery
