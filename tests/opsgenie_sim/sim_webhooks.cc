#include "tests/opsgenie_sim/sim_webhooks.h"

#include <utility>

#include "tests/opsgenie_sim/sim_validate.h"

namespace tocsin::sim {
namespace {

constexpr size_t kTextMax = 1000;
constexpr absl::Duration kOvertakenMax = absl::Seconds(2);

// At most 1000 code points.
std::string Cut(const std::string& text) {
  size_t characters = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
    if (begins && ++characters > kTextMax) return text.substr(0, i);
  }
  return text;
}

bool HasContent(const std::string& action) {
  // Custom actions are all those that OpsGenie has no name for.
  static const char* const kNamed[] = {
      "Acknowledge",  "UnAcknowledge", "AddNote",          "Close",        "AssignOwnership",
      "Snooze",       "SnoozeEnded",   "UpdatePriority",   "Delete",       "AddTags",
      "RemoveTags",   "AddDetails",    "AddTeam",          "AddResponder", "RemoveDetails",
      "EscalateNext", "UpdateMessage", "UpdateDescription"};
  for (const char* name : kNamed) {
    if (action == name) return false;
  }
  return true;
}

Json AlertPart(const SimEvent& event, const std::string& action) {
  const SimAlert& alert = event.alert;
  Json json = {{"alertId", alert.id},
               {"tinyId", std::to_string(alert.tiny_id)},
               {"alias", alert.alias},
               {"message", alert.message},
               {"entity", alert.entity},
               {"tags", alert.tags},
               {"actions", alert.actions},
               {"source", alert.source},
               {"priority", alert.priority},
               {"username", event.user},
               {"userId", ""},
               {"createdAt", alert.created_at.millis()},
               {"updatedAt", event.at.millis() * 1'000'000},
               {"teams", Json::array()},
               {"responders", alert.responders}};
  if (!event.note.empty()) json["note"] = event.note;
  if (!alert.owner.empty()) json["owner"] = alert.owner;
  if (!event.old_priority.empty()) json["oldPriority"] = event.old_priority;
  if (event.what == "Snooze") {
    json["snoozedUntil"] = alert.snoozed_until_ms;
    json["snoozeEndDate"] = FormatTimestamp(Timestamp::FromMillis(alert.snoozed_until_ms));
  }
  if (HasContent(action)) {
    json["description"] = Cut(alert.description);
    for (const auto& [key, value] : alert.details) json["details"][key] = Cut(value);
  }
  return json;
}

std::string Body(const SimEvent& event, const std::string& action) {
  const bool by_person = event.source == "web";
  return Json{{"action", action},
              {"alert", AlertPart(event, action)},
              {"source", {{"name", event.source}, {"type", by_person ? "web" : "api"}}},
              {"integrationId", "5d7e1d8e-1c75-442e-a271-731070a7fa4d"},
              {"integrationName", "Webhook"},
              {"integrationType", "Webhook"}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

void SimWebhooks::Add(const SimEvent& event, const FaultPlan& faults) {
  const bool silent =
      event.kind == SimEvent::Kind::kDiscarded || event.kind == SimEvent::Kind::kRepeated;
  if (silent) return;
  // To the integrations of the team that was added it looks like a new alert.
  if (event.what == ActionName(ActionKind::kAddTeam)) {
    Enqueue({event.at, "Create", Body(event, "Create")}, faults);
  }
  Enqueue({event.at, event.what, Body(event, event.what)}, faults);
}

void SimWebhooks::Enqueue(SimWebhook webhook, const FaultPlan& faults) {
  if (Chance(faults.webhook_loss)) return;
  const bool twice = Chance(faults.webhook_repeat);
  if (Chance(faults.webhook_reorder)) webhook.due = webhook.due + kOvertakenMax * random_.Uniform();
  queue_.emplace(webhook.due.millis(), webhook);
  if (!twice) return;
  webhook.repeat = true;
  webhook.due = webhook.due + kOvertakenMax * random_.Uniform();
  const int64_t due_ms = webhook.due.millis();
  queue_.emplace(due_ms, std::move(webhook));
}

std::vector<SimWebhook> SimWebhooks::Take(Timestamp now) {
  std::vector<SimWebhook> due;
  while (!queue_.empty() && queue_.begin()->first <= now.millis()) {
    due.push_back(std::move(queue_.begin()->second));
    queue_.erase(queue_.begin());
  }
  return due;
}

}  // namespace tocsin::sim
