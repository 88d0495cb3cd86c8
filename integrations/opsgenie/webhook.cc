#include "integrations/opsgenie/webhook.h"

#include <iterator>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "integrations/opsgenie/endpoint.h"
#include "integrations/opsgenie/json_fields.h"
#include "integrations/page/clamp.h"

namespace tocsin::opsgenie {
namespace {

constexpr size_t kActionNameMax = 100;

struct Name {
  const char* sent;
  WebhookAction action;
  const char* name;
};
constexpr Name kNames[] = {
    {"Create", WebhookAction::kCreate, "create"},
    {"Acknowledge", WebhookAction::kAcknowledge, "acknowledge"},
    {"UnAcknowledge", WebhookAction::kUnacknowledge, "unacknowledge"},
    {"Close", WebhookAction::kClose, "close"},
    {"Delete", WebhookAction::kDelete, "delete"},
    {"AddNote", WebhookAction::kAddNote, "add_note"},
    {"AssignOwnership", WebhookAction::kAssignOwnership, "assign_ownership"},
    {"TakeOwnership", WebhookAction::kAssignOwnership, "assign_ownership"},
    {"Snooze", WebhookAction::kSnooze, "snooze"},
    {"SnoozeEnded", WebhookAction::kSnoozeEnded, "snooze_ended"},
    {"UpdatePriority", WebhookAction::kUpdatePriority, "update_priority"},
};

WebhookAction ActionOf(const std::string& sent) {
  for (const Name& name : kNames) {
    if (sent == name.sent) return name.action;
  }
  return WebhookAction::kOther;
}

const Json& Child(const Json& object, const char* key) {
  static const Json kEmpty = Json::object();
  const auto it = object.find(key);
  return it != object.end() && it->is_object() ? *it : kEmpty;
}

// Samples of the vendor have both names.
std::string FirstText(const Json& object, std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    std::string text = Text(object, key);
    if (!text.empty()) return text;
  }
  return {};
}

void ReadAlert(const Json& alert, WebhookEvent& event) {
  event.alert_id = FirstText(alert, {"alertId", "id"});
  event.alias = Text(alert, "alias");
  event.tiny_id = Text(alert, "tinyId");
  event.message = Text(alert, "message");
  event.user = FirstText(alert, {"username", "userFullName", "userId"});
  event.owner = Text(alert, "owner");
  event.note = Text(alert, "note");
  event.priority = Text(alert, "priority");
  event.old_priority = Text(alert, "oldPriority");
  event.created_at = Instant(alert, "createdAt");
  event.updated_at = Instant(alert, "updatedAt");
  event.snoozed_until = Instant(alert, "snoozedUntil");
  if (!event.snoozed_until) event.snoozed_until = Instant(alert, "snoozeEndDate");
  event.tags = Texts(alert, "tags");
  event.details = TextMap(alert, "details");
}

}  // namespace

const char* WebhookActionName(WebhookAction action) {
  for (const Name& name : kNames) {
    if (action == name.action) return name.name;
  }
  return "other";
}

absl::StatusOr<WebhookEvent> ParseWebhook(absl::string_view body) {
  if (body.size() > kWebhookBytesMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat("a webhook of ", body.size(), " bytes; at most ", kWebhookBytesMax));
  }
  const Json json = Json::parse(body.begin(), body.end(), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return absl::InvalidArgumentError("the body is not a JSON object");
  WebhookEvent event;
  event.action_name = page::ClampMiddle(Text(json, "action"), kActionNameMax);
  if (event.action_name.empty()) return absl::InvalidArgumentError("the field action is missing");
  event.action = ActionOf(event.action_name);
  ReadAlert(Child(json, "alert"), event);
  if (event.alert_id.empty() && event.alias.empty()) {
    return absl::InvalidArgumentError("the fields alert.alertId and alert.alias are missing");
  }
  event.source_name = Text(Child(json, "source"), "name");
  event.source_type = Text(Child(json, "source"), "type");
  event.integration_id = Text(json, "integrationId");
  return event;
}

bool IsOurs(const WebhookEvent& event) {
  return event.source_name == kSource || event.user == kSource;
}

bool SecretMatches(absl::string_view given, const Secret& secret) {
  const std::string& wanted = secret.Reveal();
  // Every character of `given` is looked at, whatever came before it.
  unsigned char differs = given.size() == wanted.size() && !wanted.empty() ? 0 : 1;
  for (size_t i = 0; i < given.size(); ++i) {
    const char other = wanted.empty() ? '\0' : wanted[i % wanted.size()];
    differs = static_cast<unsigned char>(differs | (given[i] ^ other));
  }
  return differs == 0;
}

}  // namespace tocsin::opsgenie
