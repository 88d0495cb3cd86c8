#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "integrations/opsgenie/config.h"

namespace tocsin::delivery {

// What happens to a page that nobody takes care of. A receiver's steps come into force in their
// order, each once in an episode.
struct EscalationStep {
  enum class Unless {
    kAcknowledged,  // or snoozed, or closed
    kClosed,
  };
  absl::Duration after;  // since the page is owed at the receiver and not held; > 0
  Unless unless = Unless::kAcknowledged;
  // At OpsGenie. Users, teams, and escalations, of which the next rule is notified.
  std::string priority;  // P1..P5, if the page's own is less urgent; "": as it is
  std::vector<opsgenie::ResponderTemplate> add_responders;
  std::string receiver;  // the page goes there, too; "": no other
};
using EscalationSteps = std::vector<EscalationStep>;

// With the first `in_force` steps: the more urgent of the page's own priority and theirs.
std::string EscalatedPriority(const std::string& own, const EscalationSteps& steps,
                              size_t in_force);
// Their responders, in order.
std::vector<opsgenie::ResponderTemplate> EscalatedResponders(const EscalationSteps& steps,
                                                             size_t in_force);

}  // namespace tocsin::delivery
