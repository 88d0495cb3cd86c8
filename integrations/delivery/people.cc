#include "integrations/delivery/people.h"

namespace tocsin::delivery {

using opsgenie::WebhookAction;

void ForgetPeople(TargetDelivery& record) {
  record.set_acknowledged(false);
  record.clear_owner();
  record.set_snoozed_until_ms(0);
  record.set_people_ms(0);
  record.set_read_ms(0);
  record.set_read_at_ms(0);
}

bool NoteRead(const opsgenie::RemoteAlert& alert, Timestamp now, TargetDelivery& record) {
  const bool snoozed = alert.snoozed && alert.snoozed_until;
  const int64_t snoozed_until_ms = snoozed ? alert.snoozed_until->millis() : 0;
  const bool changes = record.acknowledged() != alert.acknowledged ||
                       record.owner() != alert.owner ||
                       record.snoozed_until_ms() != snoozed_until_ms;
  record.set_acknowledged(alert.acknowledged);
  record.set_owner(alert.owner);
  record.set_snoozed_until_ms(snoozed_until_ms);
  record.set_read_ms(now.millis());
  if (record.read_at_ms() <= now.millis()) record.set_read_at_ms(0);
  return changes;
}

bool NoteTold(const opsgenie::WebhookEvent& event, Timestamp now, TargetDelivery& record) {
  const int64_t at_ms = event.updated_at ? event.updated_at->millis() : 0;
  if (at_ms != 0 && at_ms <= record.people_ms()) return false;  // again, or overtaken
  switch (event.action) {
    case WebhookAction::kAcknowledge:
      record.set_acknowledged(true);
      break;
    case WebhookAction::kUnacknowledge:
      record.set_acknowledged(false);
      break;
    case WebhookAction::kSnooze:
      if (!event.snoozed_until) return false;
      record.set_snoozed_until_ms(event.snoozed_until->millis());
      break;
    case WebhookAction::kSnoozeEnded:
      record.set_snoozed_until_ms(0);
      break;
    case WebhookAction::kClose:
    case WebhookAction::kDelete:
      if (!record.confirmed_open() || record.closed_by_others()) return false;
      ForgetPeople(record);
      record.set_closed_by_others(true);
      record.set_closed_by_others_ms(now.millis());
      break;
    case WebhookAction::kAssignOwnership:
      break;
    default:
      return false;
  }
  record.set_people_ms(at_ms);
  if (!event.owner.empty()) record.set_owner(event.owner);
  return true;
}

bool IsInHand(const TargetDelivery& record, Timestamp now) {
  return record.acknowledged() || record.closed_by_others() ||
         record.snoozed_until_ms() > now.millis();
}

bool IsAbout(const std::string& alert_id, const TargetDelivery& record) {
  return alert_id.empty() || record.remote_id().empty() || alert_id == record.remote_id();
}

}  // namespace tocsin::delivery
