#include "integrations/delivery/escalation.h"

#include <algorithm>

namespace tocsin::delivery {

std::string EscalatedPriority(const std::string& own, const EscalationSteps& steps,
                              size_t in_force) {
  std::string priority = own;
  for (size_t i = 0; i < std::min(in_force, steps.size()); ++i) {
    if (!steps[i].priority.empty()) priority = std::min(priority, steps[i].priority);  // P1 first
  }
  return priority;
}

std::vector<opsgenie::ResponderTemplate> EscalatedResponders(const EscalationSteps& steps,
                                                             size_t in_force) {
  std::vector<opsgenie::ResponderTemplate> responders;
  for (size_t i = 0; i < std::min(in_force, steps.size()); ++i) {
    const auto& added = steps[i].add_responders;
    responders.insert(responders.end(), added.begin(), added.end());
  }
  return responders;
}

}  // namespace tocsin::delivery
