#pragma once

#include "app/config_reader.h"
#include "app/config_writer.h"
#include "integrations/opsgenie/config.h"

namespace tocsin::app {

// `heartbeat` of an entry of `opsgenie_configs`, whose profile and jsm_rest are known already.
void ReadHeartbeat(ConfigFindings& findings, const ConfigMap& map,
                   opsgenie::OpsgenieConfig& config);
void PrintHeartbeat(const opsgenie::HeartbeatConfig& heartbeat, ConfigWriter& writer);

}  // namespace tocsin::app
