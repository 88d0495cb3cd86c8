#pragma once

#include "base/timestamp.h"
#include "integrations/delivery/target.h"
#include "integrations/opsgenie/remote_alert.h"
#include "integrations/opsgenie/webhook.h"

// What people do with a page at OpsGenie, in its record there. No I/O.
namespace tocsin::delivery {

// Nobody has done anything with it: a new page.
void ForgetPeople(TargetDelivery& record);
// As the open page was read there, by a request that left at `at`. Whether people did something, or
// a look that was planned is not needed any more.
bool NoteRead(const opsgenie::RemoteAlert& alert, Timestamp at, TargetDelivery& record);
// As a webhook says, where the page cannot be read. What comes late, or happened before the page
// was there, changes nothing. Whether the record changed.
bool NoteTold(const opsgenie::WebhookEvent& event, Timestamp now, TargetDelivery& record);

// Until when somebody has the page of this episode in hand, at any of its targets: Max() if it was
// acknowledged or closed there, else the end of its latest snooze, which may be over; the epoch if
// nobody ever had it.
Timestamp InHandUntil(const state::v1::PageDelivery& progress, uint64_t episode);

}  // namespace tocsin::delivery
