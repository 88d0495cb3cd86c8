#pragma once

#include "app/command_line_state.h"
#include "app/commands/anomaly_tune.h"

namespace tocsin::app {

// The words of `tocsin anomaly`; as AddStateCommands.
void AddAnomalyCommands(CLI::App& app, AnomalyTuneOptions& options, RunCommand& run);

}  // namespace tocsin::app
