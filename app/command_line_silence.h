#pragma once

#include "app/command_line_state.h"
#include "app/commands/silence.h"

namespace tocsin::app {

// The words of `tocsin silence`.

struct SilenceCommandOptions {
  SilenceAddOptions add;
  SilenceListOptions list;
  SilenceExpireOptions expire;
};

// As AddStateCommands.
void AddSilenceCommands(CLI::App& app, SilenceCommandOptions& options, RunCommand& run);

}  // namespace tocsin::app
