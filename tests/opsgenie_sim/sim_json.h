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
Json WebhookJson(const SimWebhook& webhook);
Json JournalJson(const JournalEntry& entry);

Json Refusal(const FieldErrors& errors);  // body of a 422
Json Throttled();                         // body of a 429
// Every success carries these, too: there they only describe the quota.
std::vector<http_client::HttpHeader> RateHeaders(const char* state, int period_seconds);
std::vector<http_client::HttpHeader> ThrottleHeaders(int period_seconds);

// "GET:/requests/:403" or "*:/v2/alerts:500:0.1": method, part of the path, status, probability.
absl::StatusOr<StatusFault> StatusFaultFromText(const std::string& text);
// {"drop_before": 0.1, "drop_after": .., "error_500": .., "error_503": .., "throttle": ..,
// "discard": .., "fail_create": .., "slow": .., "slow_ms": 2000, "late": .., "late_ms": 30000,
// "outage": true, "key_rotated": true, "webhook_repeat": .., "webhook_reorder": ..,
// "webhook_loss": .., "statuses": ["GET:/requests/:403"]}; what is absent is off. Unknown names are
// InvalidArgument.
absl::StatusOr<FaultPlan> FaultsFromJson(const Json& json);
// The same as "error_500=0.1,outage=1".
absl::StatusOr<FaultPlan> FaultsFromFlag(const std::string& text);

}  // namespace tocsin::sim
