#pragma once

#include "base/timestamp.h"
#include "integrations/delivery/target.h"
#include "integrations/opsgenie/remote_alert.h"
#include "integrations/opsgenie/webhook.h"

// What people do with a page at OpsGenie, in its record there. No I/O.
namespace tocsin::delivery {

// Nobody has done anything with it: a new page.
void ForgetPeople(TargetDelivery& record);
// As the open page was read there. Whether people did something.
bool NoteRead(const opsgenie::RemoteAlert& alert, Timestamp now, TargetDelivery& record);
// As a webhook says, where the page cannot be read. What comes late changes nothing. Whether the
// record changed.
bool NoteTold(const opsgenie::WebhookEvent& event, Timestamp now, TargetDelivery& record);

// Somebody has it in hand: it was acknowledged, is snoozed, or was closed.
bool IsInHand(const TargetDelivery& record, Timestamp now);
// What the record knows is of this page: by its id, where both are known.
bool IsAbout(const std::string& alert_id, const TargetDelivery& record);

}  // namespace tocsin::delivery
