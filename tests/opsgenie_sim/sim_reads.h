#pragma once

#include "tests/opsgenie_sim/sim_answer.h"
#include "tests/opsgenie_sim/sim_route.h"

namespace tocsin::sim {

// GET of one alert, its notes, logs and recipients; 404 if the key sees none. Notes and logs are
// paged by `offset` (of the entry before), `direction`, `limit` and `order`.
SimAnswer ReadAlert(const SimAlertBook& book, const Routed& routed, const SimKey& key);

}  // namespace tocsin::sim
