#pragma once

#include <optional>

#include "integrations/http/http_client.h"
#include "tests/opsgenie_sim/sim_answer.h"
#include "tests/opsgenie_sim/sim_route.h"

// Who asks, and whether they may: the steps before the request itself is looked at.
namespace tocsin::sim {

// The refusal, or nullopt and the key in `key`. An unknown key, one of another region or product
// and a disabled integration all are 401.
std::optional<SimAnswer> RefuseKey(const http_client::HttpRequest& request, const Routed& routed,
                                   const SimOptions& options, SimKey& key);

// "" if absent. Names compare without case.
std::string RequestHeader(const http_client::HttpRequest& request, absl::string_view name);

}  // namespace tocsin::sim
