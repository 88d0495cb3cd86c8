#pragma once

#include <functional>
#include <ostream>
#include <string>

#include "app/commands/audit.h"
#include "app/commands/backup.h"
#include "app/commands/inspect.h"
#include "app/commands/restore.h"

namespace CLI {
class App;
}

namespace tocsin::app {

// The words of the commands about the state of a server: backup, restore, inspect, audit.

struct StateCommandOptions {
  BackupOptions backup;
  RestoreOptions restore;
  InspectOptions inspect;
  AuditOptions audit;
};

// What a command line comes to, once its words are read. Exit code as the command says.
using RunCommand = std::function<int(std::ostream& out, std::ostream& err)>;

// Both arguments but `app` are filled in when words are parsed, and must live until then and until
// the command has run.
void AddStateCommands(CLI::App& app, StateCommandOptions& options, RunCommand& run);

// --server URL, of all commands that talk to one.
void AddServerOption(CLI::App& app, ServerTarget& server);
// Those of them that say who we are and whom we trust.
void AddServerAccess(CLI::App& app, ServerTarget& server);

}  // namespace tocsin::app
