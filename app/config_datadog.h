#pragma once

#include "app/config_reader.h"
#include "app/config_writer.h"
#include "app/receiver_context.h"
#include "integrations/datadog/config.h"

namespace tocsin::app {

// `datadog`: {api_keys: [{api_key: ${NAME}} or {api_key_file: PATH}, ..]}.
datadog::DatadogConfig ReadDatadog(const ReceiverContext& context, const ConfigMap& top);
// `dogstatsd`: {listen, socket, socket_mode, host, tags}.
datadog::StatsdConfig ReadDogstatsd(ConfigFindings& findings, const ConfigMap& top);

// Nothing if nothing is configured; secrets as "<redacted>".
void PrintDatadog(const datadog::DatadogConfig& config, ConfigWriter& writer);
void PrintDogstatsd(const datadog::StatsdConfig& config, ConfigWriter& writer);

}  // namespace tocsin::app
