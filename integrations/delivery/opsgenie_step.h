#pragma once

#include <cstdint>

#include "integrations/delivery/opsgenie_content.h"
#include "integrations/delivery/target.h"
#include "integrations/opsgenie/request.h"

// What a page at OpsGenie needs next: a pure function of what is wanted, what is known of the
// remote side, and the configuration. opsgenie_outcome.h is its counterpart: what an answer changes
// in the record.
//
//   IDLE -create-> SENT -poll: done-> IDLE (confirmed_open) -close-> SENT -poll: done-> IDLE
//     |              \-poll: lost, answer lost-> UNKNOWN -lookup-> IDLE (open, or not there: again)
//     |-refused key-> BLOCKED (again when the account works)   \-422 twice-> GAVE_UP -later-> IDLE
//
// A new episode on an alias whose page is still open, or may be, closes that page first, so that
// the new one pages again. What a lost create does after that look counts for the new one. A page
// that others closed stays closed for a time, or until it gets worse, or a new episode begins.
namespace tocsin::delivery {

Step NextStep(const DesiredPage& page, const TargetDelivery& target, const OpsgeniePlace& place);

// Whether the target's alert can be asked for: the API must know how and the key must be allowed
// to.
bool CanLookup(const TargetDelivery& target, const opsgenie::OpsgenieConfig& config);

// Whether the fields of the target's page can be changed; else a note tells. If lookups and changes
// go to an API of their own (AsksRest), whose credentials were refused, they cannot.
bool CanUpdate(const TargetDelivery& target, const opsgenie::OpsgenieConfig& config);

// Whether the action's request goes to JSM's REST API: what that answers says nothing about the
// API that pages are opened and closed with.
bool AsksRest(Action action, const TargetDelivery& target, const opsgenie::OpsgenieConfig& config);

// The page was open at another account (FollowAccount), and nobody has seen it at this one yet.
bool MayBeMissing(const TargetDelivery& target);

// Among what is due at one account, the lower goes first: P1 and P2 creates, creates, closes,
// updates, notes, questions. A question that decides whether to create is as urgent as the create.
int UrgencyOf(Action action, const DesiredPage& page, const TargetDelivery& target,
              const OpsgeniePlace& place);

Sent BuildRequest(Action action, const DesiredPage& page, const TargetDelivery& target,
                  const OpsgeniePlace& place);

}  // namespace tocsin::delivery
