#pragma once

#include "app/command_line_state.h"
#include "app/commands/anomaly_tune.h"
#include "app/commands/feedback.h"

namespace tocsin::app {

// The words of `tocsin anomaly`; as AddStateCommands.
void AddAnomalyCommands(CLI::App& app, AnomalyTuneOptions& options, RunCommand& run);
// And of `tocsin feedback`.
void AddFeedbackCommand(CLI::App& app, FeedbackOptions& options, RunCommand& run);

}  // namespace tocsin::app
