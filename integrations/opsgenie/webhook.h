#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/secret.h"
#include "base/timestamp.h"

// What OpsGenie's outgoing "Webhook" integration posts to us, also JSM's. Pure functions.
//
// Nothing is promised about webhooks: they repeat, overtake each other and get lost, and adding a
// team repeats the Create. Who acts upon one must not mind doing it twice, and looks from time to
// time at what is really open (ListAlerts).
namespace tocsin::opsgenie {

inline constexpr size_t kWebhookBytesMax = 256 * 1024;

// The words are also the metric's label and the log's field.
enum class WebhookAction {
  kCreate,
  kAcknowledge,
  kUnacknowledge,
  kClose,
  kDelete,
  kAddNote,
  kAssignOwnership,  // also taking it for oneself
  kSnooze,
  kSnoozeEnded,
  kUpdatePriority,
  kOther,  // custom actions and what is not listed: nothing to do
};
const char* WebhookActionName(WebhookAction action);

struct WebhookEvent {
  WebhookAction action = WebhookAction::kOther;
  std::string action_name;  // as sent, at most 100 characters
  std::string alert_id;     // one of alert_id and alias at least
  std::string alias;
  std::string tiny_id;
  std::string message;
  std::string user;         // who did it: an e-mail address, or the name of an integration
  std::string owner;        // who has the alert now
  std::string note;         // "" if none was given
  std::string source_name;  // of what did it: "web", "tocsin", ...
  std::string source_type;
  std::string integration_id;
  std::string priority;
  std::string old_priority;  // kUpdatePriority only
  std::optional<Timestamp> created_at;
  std::optional<Timestamp> updated_at;  // of the action, as OpsGenie saw it
  std::optional<Timestamp> snoozed_until;
  std::vector<std::string> tags;
  std::map<std::string, std::string> details;  // often missing; values may be cut at 1000
};

// Errors: ResourceExhausted above kWebhookBytesMax; InvalidArgument if it is not a JSON object, or
// says neither what happened nor to which alert. Both texts may be shown to the sender. Any other
// field may be missing or of another type.
absl::StatusOr<WebhookEvent> ParseWebhook(absl::string_view body);

// Whether we did it ourselves: what comes back of our own requests must not look like a person.
bool IsOurs(const WebhookEvent& event);

// Whether `given`, of the sender's header, is the shared secret. Takes as long for a wrong one as
// for the right one of that length. An empty secret is nobody's.
bool SecretMatches(absl::string_view given, const Secret& secret);

}  // namespace tocsin::opsgenie
