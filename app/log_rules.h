#pragma once

#include <vector>

#include "integrations/ingest/log_rule.h"
#include "rules/rule.h"

namespace tocsin::app {

// `log_metrics:` as ingest counts by them.
std::vector<ingest::LogCounterRule> LogRulesOf(const rules::RuleSet& rules);

}  // namespace tocsin::app
