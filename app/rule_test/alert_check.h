#pragma once

#include <string>
#include <vector>

#include "engine/shard.h"
#include "rules/rule_test_file.h"

namespace tocsin::app {

// Compares the alerts of a case's name as they are in `shard` now with those it expects. Those that
// fire count; pending ones only if the case expects some. A monitor's alert has its severity among
// its labels, as pages have. Nothing if they agree, else lines that say how they differ.
std::vector<std::string> CheckAlerts(const rules::AlertCase& test, const engine::Shard& shard);

}  // namespace tocsin::app
