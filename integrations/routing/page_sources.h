#pragma once

#include <string>
#include <vector>

#include "integrations/routing/suppressor.h"
#include "storage/outbox.h"

namespace tocsin::routing {

// Alerts inhibit others exactly while their page is owed as open, under its alias. Shadowed
// monitors, which have no pages, inhibit nothing. Thread: any.

// The labels that routes, silences and inhibition see: those of the page, with its severity.
Labels LabelsForRouting(const state::v1::DesiredPage& page);

// Tells the suppressor how the page stands now. Call it whenever it changed, before it is decided
// whether to send it. Returns the slots whose targets have to be asked again.
std::vector<Inhibitor::Slot> FollowPage(const storage::Outbox& outbox, const std::string& alias,
                                        Suppressor& suppressor);

// The same for all pages: at start, before the first question, so that what fired before a restart
// inhibits from the first evaluation on.
void FollowAllPages(const storage::Outbox& outbox, Suppressor& suppressor);

}  // namespace tocsin::routing
