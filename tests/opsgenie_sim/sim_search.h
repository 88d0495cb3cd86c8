#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "tests/opsgenie_sim/sim_answer.h"
#include "tests/opsgenie_sim/sim_route.h"

// Listing and counting alerts.
namespace tocsin::sim {

using AlertPredicate = std::function<bool(const SimAlert&)>;

// The query language: terms `field: value`, also with < <= > >= on numbers and times
// (milliseconds), joined by AND, OR, NOT and parentheses; values may stand in quotes and end with *
// for "begins with". A bare word searches message and alias. Fields: status, alias, message,
// description, source, entity, priority, tag, tags, tinyId, alertId, owner, acknowledged, snoozed,
// isSeen, count, createdAt, updatedAt, lastOccurredAt, details.key, details.value, teams,
// responders.
//
// InvalidArgument for anything else: what is not understood must not look like an empty answer.
absl::StatusOr<AlertPredicate> ParseAlertQuery(const std::string& query);

// GET /v2/alerts and /v2/alerts/count: query, offset, limit (1 to 100; with JSM `size`), sort and
// order; 422 beyond 20,000. A page of the list has "total" in its body.
SimAnswer SearchAlerts(const SimAlertBook& book, const Routed& routed, const SimKey& key);

}  // namespace tocsin::sim
