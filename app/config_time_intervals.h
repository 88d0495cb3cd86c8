#pragma once

#include "app/config_reader.h"
#include "integrations/delivery/receiver.h"
#include "integrations/routing/time_interval.h"

namespace tocsin::app {

// Reads `time_intervals`, and `mute_time_intervals` as it was called before.
routing::TimeIntervals ReadTimeIntervals(ConfigFindings& findings, const ConfigMap& top);

// Reads `mute_time_intervals` and `active_time_intervals` of a route. Each name must be known; the
// root route has none.
void ReadRouteIntervals(ConfigFindings& findings, const ConfigMap& map, bool root,
                        const routing::TimeIntervals& known, delivery::Route& route);

}  // namespace tocsin::app
