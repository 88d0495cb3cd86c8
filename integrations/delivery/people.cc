#include "integrations/delivery/people.h"

#include <algorithm>

namespace tocsin::delivery {

using opsgenie::WebhookAction;

void ForgetPeople(TargetDelivery& record) {
  record.set_acknowledged(false);
  record.clear_owner();
  record.set_snoozed_until_ms(0);
  record.set_read_ms(0);
  record.set_read_at_ms(0);
}

bool NoteRead(const opsgenie::RemoteAlert& alert, Timestamp at, TargetDelivery& record) {
  const bool snoozed = alert.snoozed && alert.snoozed_until;
  const int64_t snoozed_until_ms = snoozed ? alert.snoozed_until->millis() : 0;
  const bool looked = record.read_at_ms() != 0 && record.read_at_ms() <= at.millis();
  const bool changes = looked || record.acknowledged() != alert.acknowledged ||
                       record.owner() != alert.owner ||
                       record.snoozed_until_ms() != snoozed_until_ms;
  record.set_acknowledged(alert.acknowledged);
  record.set_owner(alert.owner);
  record.set_snoozed_until_ms(snoozed_until_ms);
  record.set_read_ms(at.millis());
  if (looked) record.set_read_at_ms(0);
  return changes;
}

bool NoteTold(const opsgenie::WebhookEvent& event, Timestamp now, TargetDelivery& record) {
  const int64_t at_ms = event.updated_at ? event.updated_at->millis() : record.people_ms();
  const bool late = at_ms <= record.people_ms() || at_ms < record.opened_ms();
  if (event.updated_at && late) return false;  // again, overtaken, or of the page before
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

Timestamp InHandUntil(const state::v1::PageDelivery& progress, uint64_t episode) {
  Timestamp until;
  for (const TargetDelivery& record : progress.targets()) {
    if (record.retired() || record.episode() != episode) continue;
    if (record.acknowledged() || record.closed_by_others()) return Timestamp::Max();
    until = std::max(until, Timestamp::FromMillis(record.snoozed_until_ms()));
  }
  return until;
}

}  // namespace tocsin::delivery
