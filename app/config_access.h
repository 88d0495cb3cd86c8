#pragma once

#include <string>

#include "absl/status/status.h"
#include "app/config.h"
#include "app/config_reader.h"
#include "app/config_writer.h"

namespace tocsin::app {

// `tls` and `access`: how the listeners know who comes.
AccessConfig ReadAccess(ConfigFindings& findings, const ConfigMap& top, const std::string& folder,
                        const ConfigSources& sources);

// Reports listeners that other hosts reach although nobody would be asked who they are.
void ReportOpenListeners(ConfigFindings& findings, const ConfigMap& top, const Config& config);
// The same for addresses that did not come from the file. FailedPrecondition names the first.
absl::Status CheckOpenListeners(const Config& config);

void PrintAccess(const AccessConfig& access, ConfigWriter& writer);

}  // namespace tocsin::app
