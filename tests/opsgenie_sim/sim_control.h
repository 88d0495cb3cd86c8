#pragma once

#include <deque>

#include "tests/opsgenie_sim/sim_opsgenie.h"

namespace tocsin::sim {

// What tests and people tell the simulator, beside the API. No key is asked for.
//   GET  /sim/healthy, /sim/journal, /sim/alerts, /sim/heartbeats
//   GET  /sim/webhooks    what was sent, newest last
//   POST /sim/faults      JSON, see FaultsFromJson; what is absent is off
//   POST /sim/act         {"action": "acknowledge", "alias": "..", "user": "ann@example.com"}: done
//                         by a person, at once. Or "id" or "tinyId" for "alias"; actions are named
//                         as in the API's paths, with the same fields: close, snooze, notes, ...
//   POST /sim/keys        {"key": "..", "kind": "api", "enabled": true, ..}: adds or replaces one
//   POST /sim/directory   ["team:payments", ..], see ReadDirectoryEntry; replaces all
//   POST /sim/region      {"region": "eu"}
// 422 names what is wrong.
SimReply HandleControl(SimOpsgenie& sim, const std::deque<SimWebhook>& sent,
                       const http_client::HttpRequest& request, Timestamp now);

// {"key": "UUID", "kind": "api" | "team" | "management" | "read-only" | "write-only" | "jsm-token",
// "team": NAME, "account": NAME, "enabled": true, "region": "us" | "eu", "product": "opsgenie" |
// "jsm", "restrict_configuration": true, "user": E-MAIL}. InvalidArgument for anything else.
absl::StatusOr<std::pair<std::string, SimKey>> KeyFromJson(const Json& json);

// "UUID", "UUID:KIND" or "UUID:team:NAME", each with ",NAME=VALUE" for the other fields.
absl::StatusOr<std::pair<std::string, SimKey>> KeyFromFlag(const std::string& text);

}  // namespace tocsin::sim
