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

bool Visible(const SimKey& key, const SimAlert& alert) {
  if (alert.account != key.account) return false;
  return key.kind != KeyKind::kTeam || alert.owner_team == key.team;
}

}  // namespace

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
  return found != nullptr && Visible(key, *found) ? found : nullptr;
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
    if (open.log.size() < kCountMax) open.log.push_back("Alert created again");
    Report(SimEvent::Kind::kRepeated, action.kind, open, now);
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
  alert.responders = body.value("responders", Json::array());
  if (action.key.kind == KeyKind::kTeam) {
    alert.owner_team = action.key.team;
    alert.responders = Json::array({{{"type", "team"}, {"name", action.key.team}}});
  }
  if (const std::string note = Text(body, "note"); !note.empty()) alert.notes.push_back(note);
  alert.created_at = alert.updated_at = alert.last_occurred_at = now;
  latest_[{alert.account, alias}] = id;
  const SimAlert& stored = alerts_.emplace(id, std::move(alert)).first->second;
  Report(SimEvent::Kind::kOpened, action.kind, stored, now);
  return {true, "Created alert", id, alias};
}

ActionResult SimAlertBook::Change(const PendingAction& action, SimAlert& alert, Timestamp now) {
  if (action.kind == ActionKind::kDelete) {
    const SimAlert gone = alert;
    latest_.erase({alert.account, alert.alias});
    alerts_.erase(gone.id);
    Report(SimEvent::Kind::kClosed, action.kind, gone, now);
    return {true, "Deleted alert", gone.id, gone.alias};
  }
  if (!alert.open && action.kind != ActionKind::kAddNote) {
    const bool close = action.kind == ActionKind::kClose;
    return {false, close ? "Alert is already closed" : "Alert is closed", alert.id, alert.alias};
  }
  if (const std::string note = Text(action.body, "note"); !note.empty())
    alert.notes.push_back(note);
  alert.updated_at = now;
  alert.log.push_back(ActionName(action.kind));
  if (action.kind == ActionKind::kClose) {
    alert.open = false;
    alert.closed_at = now;
    Report(SimEvent::Kind::kClosed, action.kind, alert, now);
    return {true, "Closed alert", alert.id, alert.alias};
  }
  ChangeField(action, alert);
  Report(action.kind == ActionKind::kAddNote ? SimEvent::Kind::kNoted : SimEvent::Kind::kUpdated,
         action.kind, alert, now);
  return {true, absl::StrCat(ActionName(action.kind), " done"), alert.id, alert.alias};
}

void SimAlertBook::ChangeField(const PendingAction& action, SimAlert& alert) {
  const Json& body = action.body;
  switch (action.kind) {
    case ActionKind::kAcknowledge:
      alert.acknowledged = true;
      break;
    case ActionKind::kUnacknowledge:
      alert.acknowledged = false;
      break;
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
    case ActionKind::kAddResponder:
      alert.responders.push_back(body["responder"]);
      break;
    case ActionKind::kAddTeam: {
      Json team = body["team"];
      team["type"] = "team";
      alert.responders.push_back(std::move(team));
      break;
    }
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
    case ActionKind::kSnooze: {
      absl::Time end;
      std::string error;
      if (absl::ParseTime(absl::RFC3339_full, Text(body, "endTime"), &end, &error)) {
        alert.snoozed_until_ms = absl::ToUnixMillis(end);
      }
      break;
    }
    case ActionKind::kAssign:
      alert.owner = Text(body["owner"], "username", Text(body["owner"], "id"));
      break;
    default:
      break;  // escalate and custom actions leave a log entry only
  }
}

void SimAlertBook::Report(SimEvent::Kind kind, ActionKind what, const SimAlert& alert,
                          Timestamp now) {
  events_.push_back({kind, now, ActionName(what), alert});
}

}  // namespace tocsin::sim
