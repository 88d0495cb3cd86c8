#pragma once

#include <string>

#include "app/config.h"
#include "app/config_reader.h"

namespace tocsin::app {

// Reads `receivers` and `route` of the configuration. `folder` is what relative secret files are
// resolved against, `intervals` what routes may name. Without both keys, pages go to a receiver
// that swallows them, with a warning.
delivery::ReceiversAndRoutes ReadRouting(ConfigFindings& findings, const ConfigMap& top,
                                         const std::string& folder, const ConfigSources& sources,
                                         const routing::TimeIntervals& intervals);

// `path` if it is absolute, else below `folder`.
std::string ResolvePath(const std::string& folder, const std::string& path);

}  // namespace tocsin::app
