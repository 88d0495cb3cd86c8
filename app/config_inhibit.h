#pragma once

#include <vector>

#include "app/config_reader.h"
#include "integrations/routing/inhibitor.h"

namespace tocsin::app {

// Reads `inhibit_rules`. What Alertmanager calls deprecated (source_match, source_match_re,
// target_match, target_match_re) becomes matchers.
std::vector<routing::InhibitRule> ReadInhibitRules(ConfigFindings& findings, const ConfigMap& top);

}  // namespace tocsin::app
