#include "tests/opsgenie_sim/sim_alert_book.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"

namespace tocsin::sim {
namespace {

constexpr int kCountMax = 100;

std::string Text(const Json& body, const char* field, const std::string& fallback = {}) {
  return body.contains(field) && body[field].is_string() ? body[field].get<std::string>()
                                                         : fallback;
}

std::vector<std::string> Texts(const Json& body, const char* field) {
  std::vector<std::string> out;
  if (!body.contains(field) || !body[field].is_array()) return out;
  for (const Json& item : body[field]) out.push_back(item.get<std::string>());
  return out;
}

// Adds details as the real server does: what does not fit into 8000 characters is cut without a
// word.
void MergeDetails(const Json& body, SimAlert& alert) {
  if (!body.contains("details")) return;
  for (const auto& [key, value] : body["details"].items()) {
    alert.details[key] = value.get<std::string>();
  }
  size_t total = 0;
  for (auto it = alert.details.begin(); it != alert.details.end();) {
    total += CodePoints(it->first) + CodePoints(it->second);
    it = total > kDetailsCharsMax ? alert.details.erase(it) : std::next(it);
  }
}

// Who acts, as logs show it.
std::string ActorOf(const PendingAction& action) {
  return Text(action.body, "user", action.key.user.empty() ? "API" : action.key.user);
}

void Log(const PendingAction& action, const std::string& text, SimAlert& alert, Timestamp now) {
  alert.log.push_back({text, ActionName(action.kind), ActorOf(action), now});
}

void Note(const PendingAction& action, SimAlert& alert, Timestamp now) {
  const std::string note = Text(action.body, "note");
  if (!note.empty()) alert.notes.push_back({note, ActorOf(action), now});
}

}  // namespace

bool MaySee(const SimKey& key, const SimAlert& alert) {
  if (alert.account != key.account) return false;
  return key.kind != KeyKind::kTeam || alert.owner_team == key.team;
}

const SimAlert* SimAlertBook::Find(const SimKey& key, IdentifierType type,
                                   const std::string& identifier) const {
  const SimAlert* found = nullptr;
  if (type == IdentifierType::kId) {
    const auto it = alerts_.find(identifier);
    if (it != alerts_.end()) found = &it->second;
  } else if (type == IdentifierType::kAlias) {
    const auto it = latest_.find({key.account, identifier});
    if (it != latest_.end()) found = &alerts_.at(it->second);
  } else {
    for (const auto& [id, alert] : alerts_) {
      if (alert.account == key.account && absl::StrCat(alert.tiny_id) == identifier) found = &alert;
    }
  }
  return found != nullptr && MaySee(key, *found) ? found : nullptr;
}

ActionResult SimAlertBook::Apply(const PendingAction& action, Timestamp now) {
  if (action.kind == ActionKind::kCreate) return Create(action, now);
  const SimAlert* found = Find(action.key, action.identifier_type, action.identifier);
  // An alias names the open alert; an id also names a closed one.
  if (found == nullptr || (action.identifier_type == IdentifierType::kAlias && !found->open)) {
    return {false, "Alert does not exist", "", ""};
  }
  return Change(action, alerts_.at(found->id), now);
}

ActionResult SimAlertBook::Create(const PendingAction& action, Timestamp now) {
  const Json& body = action.body;
  const std::string id = absl::StrCat(MakeUuid(random_), "-", now.millis());
  const std::string alias = Text(body, "alias", id);
  const auto latest = latest_.find({action.key.account, alias});
  if (latest != latest_.end() && alerts_.at(latest->second).open) {
    SimAlert& open = alerts_.at(latest->second);
    open.count = std::min(open.count + 1, kCountMax);
    open.last_occurred_at = now;
    if (open.log.size() < kCountMax) Log(action, "Alert created again", open, now);
    Report(SimEvent::Kind::kRepeated, action, open, now);
    return {true, "Created alert", open.id, alias};
  }
  SimAlert alert;
  alert.id = id;
  alert.tiny_id = next_tiny_id_++;
  alert.account = action.key.account;
  alert.alias = alias;
  alert.message = Text(body, "message");
  alert.description = Text(body, "description");
  alert.entity = Text(body, "entity");
  alert.source = Text(body, "source", "127.0.0.1");
  alert.priority = Text(body, "priority", "P3");
  alert.tags = Texts(body, "tags");
  alert.actions = Texts(body, "actions");
  MergeDetails(body, alert);
  alert.responders = Existing(body.value("responders", Json::array()));
  if (action.key.kind == KeyKind::kTeam) {
    alert.owner_team = action.key.team;
    const Json team = {{"type", "team"}, {"name", action.key.team}};
    alert.responders = Json::array({resolve_(team).value_or(team)});
  }
  Note(action, alert, now);
  Log(action, "Alert created", alert, now);
  alert.created_at = alert.updated_at = alert.last_occurred_at = now;
  latest_[{alert.account, alias}] = id;
  const SimAlert& stored = alerts_.emplace(id, std::move(alert)).first->second;
  Report(SimEvent::Kind::kOpened, action, stored, now);
  return {true, "Created alert", id, alias};
}

ActionResult SimAlertBook::Change(const PendingAction& action, SimAlert& alert, Timestamp now) {
  if (action.kind == ActionKind::kDelete) {
    const SimAlert gone = alert;
    latest_.erase({alert.account, alert.alias});
    alerts_.erase(gone.id);
    Report(SimEvent::Kind::kClosed, action, gone, now);
    return {true, "Deleted alert", gone.id, gone.alias};
  }
  const bool close = action.kind == ActionKind::kClose;
  if (!alert.open && action.kind != ActionKind::kAddNote) {
    return {false, close ? "Alert is already closed" : "Alert is closed", alert.id, alert.alias};
  }
  if (const std::string missing = Missing(action); !missing.empty()) {
    return {false, absl::StrCat(missing, " does not exist"), alert.id, alert.alias};
  }
  Note(action, alert, now);
  alert.updated_at = now;
  Log(action, ActionName(action.kind), alert, now);
  const std::string old_priority =
      action.kind == ActionKind::kSetPriority ? alert.priority : std::string();
  ChangeState(action, alert, now);
  ChangeContent(action, alert);
  const SimEvent::Kind kind = close                                 ? SimEvent::Kind::kClosed
                              : action.kind == ActionKind::kAddNote ? SimEvent::Kind::kNoted
                                                                    : SimEvent::Kind::kUpdated;
  Report(kind, action, alert, now, old_priority);
  return {true, close ? "Closed alert" : absl::StrCat(ActionName(action.kind), " done"), alert.id,
          alert.alias};
}

std::string SimAlertBook::Missing(const PendingAction& action) const {
  const auto known = [this](const char* type, Json party) {
    party["type"] = type;
    return resolve_(party).has_value();
  };
  switch (action.kind) {
    case ActionKind::kEscalate:
      return known("escalation", action.body["escalation"]) ? "" : "Escalation";
    case ActionKind::kAssign:
      return known("user", action.body["owner"]) ? "" : "User";
    case ActionKind::kAddTeam:
      return known("team", action.body["team"]) ? "" : "Team";
    case ActionKind::kAddResponder:
      return resolve_(action.body["responder"]) ? "" : "Responder";
    default:
      return "";
  }
}

void SimAlertBook::ChangeState(const PendingAction& action, SimAlert& alert, Timestamp now) {
  const Json& body = action.body;
  switch (action.kind) {
    case ActionKind::kClose:
      alert.open = false;
      alert.snoozed_until_ms = 0;
      alert.closed_at = now;
      alert.closed_by = ActorOf(action);
      break;
    case ActionKind::kAcknowledge:
      alert.acknowledged = true;
      alert.acknowledged_at = now;
      alert.acknowledged_by = ActorOf(action);
      break;
    case ActionKind::kUnacknowledge:
      alert.acknowledged = false;
      break;
    case ActionKind::kSnooze: {
      absl::Time end;
      std::string error;
      if (absl::ParseTime(absl::RFC3339_full, Text(body, "endTime"), &end, &error)) {
        alert.snoozed_until_ms = absl::ToUnixMillis(end);
        snooze_ends_.emplace(alert.snoozed_until_ms, alert.id);
      }
      break;
    }
    case ActionKind::kAssign:
      alert.owner = Text(body["owner"], "username", Text(body["owner"], "id"));
      break;
    case ActionKind::kAddResponder:
      alert.responders.push_back(*resolve_(body["responder"]));
      break;
    case ActionKind::kAddTeam: {
      Json team = body["team"];
      team["type"] = "team";
      alert.responders.push_back(*resolve_(team));
      break;
    }
    default:
      break;  // escalate and custom actions leave a log entry only
  }
}

void SimAlertBook::ChangeContent(const PendingAction& action, SimAlert& alert) {
  const Json& body = action.body;
  switch (action.kind) {
    case ActionKind::kSetMessage:
      alert.message = Text(body, "message");
      break;
    case ActionKind::kSetDescription:
      alert.description = Text(body, "description");
      break;
    case ActionKind::kSetPriority:
      alert.priority = Text(body, "priority");
      break;
    case ActionKind::kAddDetails:
      MergeDetails(body, alert);
      break;
    case ActionKind::kAddTags:
      for (std::string& tag : Texts(body, "tags")) {
        if (std::count(alert.tags.begin(), alert.tags.end(), tag) == 0) {
          alert.tags.push_back(std::move(tag));
        }
      }
      break;
    case ActionKind::kRemoveTags:
      for (const auto tag : absl::StrSplit(Text(body, "tags"), ',')) {
        alert.tags.erase(std::remove(alert.tags.begin(), alert.tags.end(), std::string(tag)),
                         alert.tags.end());
      }
      break;
    case ActionKind::kRemoveDetails:
      for (const auto key : absl::StrSplit(Text(body, "keys"), ',')) {
        alert.details.erase(std::string(key));
      }
      break;
    default:
      break;
  }
}

Json SimAlertBook::Existing(const Json& responders) const {
  Json existing = Json::array();
  for (const Json& party : responders) {
    if (auto resolved = resolve_(party)) existing.push_back(*std::move(resolved));
  }
  return existing;
}

void SimAlertBook::AdvanceTo(Timestamp now) {
  while (!snooze_ends_.empty() && snooze_ends_.begin()->first <= now.millis()) {
    const auto [end_ms, id] = *snooze_ends_.begin();
    snooze_ends_.erase(snooze_ends_.begin());
    const auto it = alerts_.find(id);
    // Closed, deleted or snoozed anew since.
    if (it == alerts_.end() || it->second.snoozed_until_ms != end_ms) continue;
    SimAlert& alert = it->second;
    alert.snoozed_until_ms = 0;
    alert.log.push_back({"Snooze ended", "system", "System", Timestamp::FromMillis(end_ms)});
    events_.push_back({SimEvent::Kind::kUpdated, Timestamp::FromMillis(end_ms), "SnoozeEnded",
                       alert, "System", "", "", ""});
  }
}

int64_t SimAlertBook::NextSnoozeEnd() const {
  return snooze_ends_.empty() ? INT64_MAX : snooze_ends_.begin()->first;
}

void SimAlertBook::Report(SimEvent::Kind kind, const PendingAction& action, const SimAlert& alert,
                          Timestamp now, const std::string& old_priority) {
  const bool custom = action.kind == ActionKind::kCustom;
  events_.push_back({kind, now, custom ? action.custom_action : ActionName(action.kind), alert,
                     ActorOf(action), Text(action.body, "source"), Text(action.body, "note"),
                     old_priority});
}

}  // namespace tocsin::sim
