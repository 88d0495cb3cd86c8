#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "integrations/http/http_client.h"
#include "tests/opsgenie_sim/sim_types.h"
#include "tests/opsgenie_sim/sim_validate.h"

namespace tocsin::sim {

// The read model of an alert; `full` adds what only a single get returns.
Json AlertJson(const SimAlert& alert, bool full);
Json AsNotes(const std::vector<std::string>& notes);
Json AsLogs(const std::vector<std::string>& log);
Json JournalJson(const JournalEntry& entry);

Json Refusal(const FieldErrors& errors);  // body of a 422
Json Throttled();                         // body of a 429
std::vector<http_client::HttpHeader> ThrottleHeaders(int period_seconds);

// The simple part of the query language: terms "field:value" joined by AND, fields status, alias,
// message, priority, tag, tinyId; a bare word searches message and alias.
bool QueryMatches(const std::string& query, const SimAlert& alert);

// {"drop_before": 0.1, "drop_after": .., "error_500": .., "error_503": .., "throttle": ..,
// "discard": .., "slow": .., "slow_ms": 2000, "outage": true, "key_rotated": true}; what is absent
// is off. Unknown names are InvalidArgument.
absl::StatusOr<FaultPlan> FaultsFromJson(const Json& json);
// The same as "error_500=0.1,outage=1".
absl::StatusOr<FaultPlan> FaultsFromFlag(const std::string& text);

}  // namespace tocsin::sim
