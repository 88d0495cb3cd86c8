#pragma once

#include "app/command_line_state.h"
#include "app/commands/migrate.h"

namespace tocsin::app {

// The words of `tocsin migrate`; as AddStateCommands.
void AddMigrateCommands(CLI::App& app, MigrateOptions& options, RunCommand& run);

}  // namespace tocsin::app
