#include "tests/opsgenie_sim/sim_heartbeats.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/opsgenie_sim/sim_json.h"

namespace tocsin::sim {
namespace {

using Kind = Routed::Kind;

absl::Duration Interval(const SimHeartbeat& heartbeat) {
  const absl::Duration unit = heartbeat.unit == "hours"  ? absl::Hours(1)
                              : heartbeat.unit == "days" ? absl::Hours(24)
                                                         : absl::Minutes(1);
  return unit * heartbeat.interval;
}

// Takes over what the body says.
void TakeOver(const Json& body, SimHeartbeat& heartbeat) {
  heartbeat.description = body.value("description", heartbeat.description);
  heartbeat.interval = body.value("interval", heartbeat.interval);
  heartbeat.unit = body.value("intervalUnit", heartbeat.unit);
  heartbeat.enabled = body.value("enabled", heartbeat.enabled);
  heartbeat.alert_message = body.value("alertMessage", heartbeat.alert_message);
  heartbeat.alert_tags = body.value("alertTags", heartbeat.alert_tags);
  heartbeat.alert_priority = body.value("alertPriority", heartbeat.alert_priority);
  if (body.contains("ownerTeam")) {
    heartbeat.owner_team = body["ownerTeam"].value("name", body["ownerTeam"].value("id", ""));
  }
}

SimAnswer Unprocessable(const FieldErrors& errors) {
  return {422,
          Refusal(errors),
          absl::StrCat("refused: ", errors.begin()->first, " ", errors.begin()->second),
          {}};
}

}  // namespace

SimHeartbeats::SimHeartbeats(const std::vector<SimHeartbeat>& of_main_account) {
  for (const SimHeartbeat& heartbeat : of_main_account) {
    heartbeats_[{SimKey().account, heartbeat.name}] = heartbeat;
  }
}

SimAnswer SimHeartbeats::Handle(const Routed& routed, const SimKey& key, const Json& body,
                                Timestamp now) {
  if (routed.kind == Kind::kHeartbeatPing) return Ping(key.account, routed.identifier, now);
  if (routed.kind == Kind::kHeartbeatCreate) return Create(key, body);
  if (routed.kind == Kind::kHeartbeatList) {
    Json list = Json::array();
    for (const auto& [id, heartbeat] : heartbeats_) {
      if (id.first == key.account) list.push_back(HeartbeatJson(heartbeat));
    }
    return Ok({{"heartbeats", std::move(list)}});
  }
  const auto it = heartbeats_.find({key.account, routed.identifier});
  if (it == heartbeats_.end()) return NotFound("No heartbeat exists with this name");
  SimHeartbeat& heartbeat = it->second;
  if (routed.kind == Kind::kHeartbeatDelete) {
    heartbeats_.erase(it);
    return {200, {{"result", "Deleted"}}, "ok", {}};
  }
  if (routed.kind == Kind::kHeartbeatUpdate) {
    const FieldErrors errors = ValidateHeartbeat(body, /*create=*/false);
    if (!errors.empty()) return Unprocessable(errors);
    TakeOver(body, heartbeat);
  }
  if (routed.kind == Kind::kHeartbeatEnable) heartbeat.enabled = true;
  if (routed.kind == Kind::kHeartbeatDisable) heartbeat.enabled = heartbeat.expired = false;
  return Ok(HeartbeatJson(heartbeat));
}

SimAnswer SimHeartbeats::Create(const SimKey& key, const Json& body) {
  const FieldErrors errors = ValidateHeartbeat(body, /*create=*/true);
  if (!errors.empty()) return Unprocessable(errors);
  SimHeartbeat heartbeat;
  heartbeat.name = body["name"];
  TakeOver(body, heartbeat);
  if (key.kind == KeyKind::kTeam) heartbeat.owner_team = key.team;
  const auto [it, fresh] = heartbeats_.try_emplace({key.account, heartbeat.name}, heartbeat);
  if (!fresh) {
    return {409, {{"message", "Heartbeat with this name already exists"}}, "refused: name", {}};
  }
  SimAnswer answer = Ok(HeartbeatJson(heartbeat));
  answer.status = 201;
  return answer;
}

SimAnswer SimHeartbeats::Ping(const std::string& account, const std::string& name, Timestamp now) {
  SimAnswer pong{202, {{"result", "PONG - Heartbeat received"}}, "accepted", {}};
  const auto it = heartbeats_.find({account, name});
  if (it == heartbeats_.end()) {
    ++lost_pings_;
    pong.verdict = "accepted, but no such heartbeat";
    return pong;
  }
  SimHeartbeat& heartbeat = it->second;
  ++heartbeat.pings;
  heartbeat.last_ping = now;
  if (heartbeat.expired) {
    heartbeat.expired = false;
    changes_.push_back({account, heartbeat});
  }
  return pong;
}

std::vector<SimHeartbeats::Change> SimHeartbeats::TakeChanges(Timestamp now) {
  for (auto& [id, heartbeat] : heartbeats_) {
    const bool watched = heartbeat.enabled && heartbeat.pings > 0 && !heartbeat.expired;
    if (!watched || now - heartbeat.last_ping <= Interval(heartbeat)) continue;
    heartbeat.expired = true;
    changes_.push_back({id.first, heartbeat});
  }
  return std::exchange(changes_, {});
}

Json HeartbeatJson(const SimHeartbeat& heartbeat) {
  Json json = {{"name", heartbeat.name},
               {"description", heartbeat.description},
               {"interval", heartbeat.interval},
               {"intervalUnit", heartbeat.unit},
               {"enabled", heartbeat.enabled},
               {"expired", heartbeat.expired},
               {"alertTags", heartbeat.alert_tags},
               {"alertPriority", heartbeat.alert_priority},
               {"alertMessage", heartbeat.alert_message}};
  if (heartbeat.pings > 0) json["lastPingTime"] = FormatTimestamp(heartbeat.last_ping);
  return json;
}

}  // namespace tocsin::sim
