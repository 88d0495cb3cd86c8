#pragma once

#include <vector>

#include "rules/diagnostic.h"
#include "rules/rule.h"

namespace tocsin::rules {

// What only all rules together can tell about composite monitors. Reports, at the member's name:
// one that no monitor and no alerting rule has, one that both a monitor and an alerting rule have,
// and one that closes a circle, with the way round.
void CheckComposites(const RuleSet& rules, std::vector<Diagnostic>& findings);

}  // namespace tocsin::rules
