#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "integrations/http/explanation.h"
#include "storage/store.h"

// What was stored about alerts. Thread: any. Errors: of the store, DataLoss; DeadlineExceeded once
// `expired`.
namespace tocsin::app::explain {

using Expired = std::function<bool()>;

// The rule behind a page, by its transitions; "" if there is none. Looks at all of them.
absl::StatusOr<std::string> RuleOfAlias(const storage::Store& store, const std::string& alias,
                                        const Expired& expired);

// The alerts of a rule that had transitions up to `until`, each with those and its deliveries; the
// one that changed last comes first. `alias`: that one only; empty: all.
absl::StatusOr<std::vector<http::ExplainedAlert>> AlertsOf(const storage::Store& store,
                                                           const std::string& rule_id,
                                                           const std::string& alias,
                                                           Timestamp until, const Expired& expired);

}  // namespace tocsin::app::explain
