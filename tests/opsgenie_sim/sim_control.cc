#include "tests/opsgenie_sim/sim_control.h"

#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/opsgenie_sim/sim_json.h"

namespace tocsin::sim {
namespace {

using http_client::HttpRequest;

struct Reply {
  int status = 200;
  Json body;
};

Reply Wrong(const std::string& what) {
  return {422, {{"result", what}}};
}
Reply Done() {
  return {200, {{"result", "set"}}};
}

// {"alias": ..} and what the action's own path would say.
Reply Act(SimOpsgenie& sim, Json body, Timestamp now) {
  if (!body.is_object() || !body.contains("action") || !body["action"].is_string()) {
    return Wrong("an action is missing");
  }
  static const std::map<std::string, IdentifierType> kIdentifiers = {
      {"id", IdentifierType::kId},
      {"alias", IdentifierType::kAlias},
      {"tinyId", IdentifierType::kTiny}};
  const std::string name = body.value("action", "");
  const bool field = name == "priority" || name == "message" || name == "description";
  const Routed routed = RouteRequest(field ? "PUT" : "POST", absl::StrCat("/v2/alerts/x/", name));
  if (routed.kind != Routed::Kind::kAction) return Wrong("unknown action");
  PendingAction action;
  action.kind = routed.action;
  action.custom_action = routed.custom_action;
  for (const auto& [key, type] : kIdentifiers) {
    if (!body.contains(key) || !body[key].is_string()) continue;
    action.identifier_type = type;
    action.identifier = body[key];
    body.erase(key);
  }
  if (action.identifier.empty()) return Wrong("id, alias or tinyId is missing");
  body.erase("action");
  action.body = std::move(body);
  const auto result = sim.Act(std::move(action), now);
  if (!result.ok()) return Wrong(std::string(result.status().message()));
  return {result->success ? 200 : 404,
          {{"result", result->status}, {"alertId", result->alert_id}, {"alias", result->alias}}};
}

Reply SetDirectory(SimOpsgenie& sim, const Json& body) {
  if (!body.is_array()) return Wrong("not an array");
  std::vector<SimDirectoryEntry> entries;
  for (const Json& item : body) {
    SimDirectoryEntry entry;
    if (!item.is_string() || !ReadDirectoryEntry(item, entry)) return Wrong(item.dump());
    entries.push_back(std::move(entry));
  }
  sim.SetDirectory(std::move(entries));
  return Done();
}

Reply Set(SimOpsgenie& sim, const std::string& what, const Json& body, Timestamp now) {
  if (body.is_discarded()) return Wrong("not JSON");
  if (what == "faults") {
    const auto plan = FaultsFromJson(body);
    if (!plan.ok()) return Wrong(std::string(plan.status().message()));
    sim.SetFaults(*plan);
    return Done();
  }
  if (what == "act") return Act(sim, body, now);
  if (what == "keys") {
    const auto key = KeyFromJson(body);
    if (!key.ok()) return Wrong(std::string(key.status().message()));
    sim.SetKey(key->first, key->second);
    return Done();
  }
  if (what == "directory") return SetDirectory(sim, body);
  if (what == "region") {
    if (!body.is_object() || !body.contains("region") || !body["region"].is_string()) {
      return Wrong("a region is missing");
    }
    sim.SetRegion(body["region"]);
    return Done();
  }
  return {404, {{"message", "unknown"}}};
}

Reply Show(const SimOpsgenie& sim, const std::deque<SimWebhook>& sent, const std::string& what) {
  Reply reply{200, Json::array()};
  if (what == "healthy") return {200, {{"status", "ok"}}};
  if (what == "journal") {
    for (const JournalEntry& entry : sim.journal()) reply.body.push_back(JournalJson(entry));
  } else if (what == "alerts") {
    for (const auto& [id, alert] : sim.alerts()) reply.body.push_back(AlertJson(alert, true));
  } else if (what == "heartbeats") {
    for (const auto& [id, heartbeat] : sim.heartbeats().all()) {
      Json json = HeartbeatJson(heartbeat);
      json["account"] = id.first;
      json["pings"] = heartbeat.pings;
      reply.body.push_back(std::move(json));
    }
  } else if (what == "webhooks") {
    for (const SimWebhook& webhook : sent) reply.body.push_back(WebhookJson(webhook));
  } else {
    return {404, {{"message", "unknown"}}};
  }
  return reply;
}

}  // namespace

SimReply HandleControl(SimOpsgenie& sim, const std::deque<SimWebhook>& sent,
                       const HttpRequest& request, Timestamp now) {
  const std::string what = request.url.substr(std::string("/sim/").size());
  Reply answer = request.method == "POST"
                     ? Set(sim, what, Json::parse(request.body, nullptr, false), now)
                     : Show(sim, sent, what);
  SimReply reply;
  reply.response.status = answer.status;
  reply.response.headers.push_back({"Content-Type", "application/json"});
  reply.response.body = answer.body.dump(-1, ' ', false, Json::error_handler_t::replace);
  return reply;
}

absl::StatusOr<std::pair<std::string, SimKey>> KeyFromJson(const Json& json) {
  static const std::map<std::string, KeyKind> kKinds = {
      {"api", KeyKind::kApiIntegration},    {"team", KeyKind::kTeam},
      {"management", KeyKind::kManagement}, {"read-only", KeyKind::kReadOnly},
      {"write-only", KeyKind::kWriteOnly},  {"jsm-token", KeyKind::kJsmToken}};
  if (!json.is_object()) return absl::InvalidArgumentError("a key must be an object");
  std::string text;
  SimKey key;
  const std::map<std::string, std::string*> texts = {
      {"key", &text},          {"team", &key.team},       {"account", &key.account},
      {"region", &key.region}, {"product", &key.product}, {"user", &key.user}};
  const std::map<std::string, bool*> flags = {
      {"enabled", &key.enabled}, {"restrict_configuration", &key.restrict_configuration}};
  for (const auto& [name, value] : json.items()) {
    if (const auto it = texts.find(name); it != texts.end() && value.is_string()) {
      *it->second = value.get<std::string>();
    } else if (const auto flag = flags.find(name); flag != flags.end() && value.is_boolean()) {
      *flag->second = value.get<bool>();
    } else if (name == "kind" && value.is_string() && kKinds.count(value.get<std::string>())) {
      key.kind = kKinds.at(value.get<std::string>());
    } else {
      return absl::InvalidArgumentError(absl::StrCat("a key's \"", name, "\" is unknown or wrong"));
    }
  }
  if (text.empty()) return absl::InvalidArgumentError("a key is missing");
  if ((key.kind == KeyKind::kTeam) == key.team.empty()) {
    return absl::InvalidArgumentError("a team is needed for a key of kind team, and only then");
  }
  return std::make_pair(text, key);
}

absl::StatusOr<std::pair<std::string, SimKey>> KeyFromFlag(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, ',');
  const std::vector<std::string> names = absl::StrSplit(parts[0], ':');
  Json json = {{"key", names[0]}};
  if (names.size() > 1) json["kind"] = names[1];
  if (names.size() > 2) json["team"] = names[2];
  if (names.size() > 3) return absl::InvalidArgumentError("a key has too many parts");
  for (size_t i = 1; i < parts.size(); ++i) {
    const std::pair<std::string, std::string> pair =
        absl::StrSplit(parts[i], absl::MaxSplits('=', 1));
    const bool flag = pair.second == "true" || pair.second == "false";
    json[pair.first] = flag ? Json(pair.second == "true") : Json(pair.second);
  }
  return KeyFromJson(json);
}

}  // namespace tocsin::sim
