#pragma once

#include "app/config_reader.h"
#include "app/config_writer.h"
#include "integrations/delivery/receiver.h"

namespace tocsin::app {

// So many alerts of a rule begin within a minute before those beyond share a page.
inline constexpr size_t kStormAlertsDefault = 20;

// Reads `group_by`, `group_wait`, `group_interval` and `storm_alerts` of a route, which its
// children inherit.
void ReadRouteGrouping(ConfigFindings& findings, const ConfigMap& map, bool root,
                       delivery::Route& route);
void PrintRouteGrouping(const delivery::Route& route, ConfigWriter& writer);

}  // namespace tocsin::app
