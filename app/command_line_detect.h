#pragma once

#include "app/command_line_state.h"
#include "app/commands/detect.h"

namespace tocsin::app {

// The words of `tocsin detect`; as AddStateCommands.
void AddDetectCommand(CLI::App& app, DetectOptions& options, RunCommand& run);

}  // namespace tocsin::app
