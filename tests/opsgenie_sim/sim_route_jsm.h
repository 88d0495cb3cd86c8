#pragma once

#include <string>

#include "tests/opsgenie_sim/sim_answer.h"
#include "tests/opsgenie_sim/sim_route.h"

// JSM Operations' REST API in the terms of OpsGenie's: the same actions, by id only, in other
// shapes.
namespace tocsin::sim {

// `path` is what follows /jsm/ops/api/: CLOUD/v1/alerts..., undecoded.
void RouteJsmRest(Routed& routed, const std::string& method, const std::string& path);

// The request's body as OpsGenie's endpoint would have it.
Json FromJsmBody(ActionKind action, Json body);
// OpsGenie's answer as this API gives it: without `data` around it, properties under another name,
// errors as a list.
SimAnswer AsJsmAnswer(const Routed& routed, SimAnswer answer);

}  // namespace tocsin::sim
