#pragma once

#include <vector>

#include "app/config_writer.h"
#include "integrations/delivery/receiver.h"
#include "integrations/routing/inhibitor.h"
#include "integrations/routing/time_interval.h"

namespace tocsin::app {

// Parts of PrintConfig() about who is told when. Nothing is written where there is nothing.
void PrintTimeIntervals(const routing::TimeIntervals& intervals, ConfigWriter& writer);
void PrintInhibitRules(const std::vector<routing::InhibitRule>& rules, ConfigWriter& writer);
void PrintRouteIntervals(const delivery::Route& route, ConfigWriter& writer);

}  // namespace tocsin::app
