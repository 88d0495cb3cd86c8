#include "app/command_line_state.h"

#include <CLI/CLI.hpp>

#include "app/inspect/inspect.h"
#include "integrations/http/http_client.h"

namespace tocsin::app {
namespace {

void AddBackup(CLI::App& app, BackupOptions& options, RunCommand& run) {
  CLI::App* backup = app.add_subcommand("backup", "Copy the state of a server");
  AddServerOption(*backup, options.server);
  backup->add_option("--data-dir", options.data_dir, "That of a stopped server, not a running one")
      ->excludes("--server");
  backup
      ->add_option("TARGET", options.target,
                   "Name of the backup in the server's data_dir/backups; with --data-dir: the "
                   "directory to make")
      ->required();
  backup->callback([&options, &run] {
    run = [&options](std::ostream& out, std::ostream& err) {
      http_client::CurlTransport transport;
      return RunBackup(options, transport, out, err);
    };
  });
}

void AddRestore(CLI::App& app, RestoreOptions& options, RunCommand& run) {
  CLI::App* restore = app.add_subcommand("restore", "Make a data directory of a backup");
  restore->add_option("BACKUP", options.backup, "What `tocsin backup` made")->required();
  restore->add_option("DATA_DIR", options.data_dir, "Empty, or not there yet")->required();
  restore->callback([&options, &run] {
    run = [&options](std::ostream& out, std::ostream& err) {
      return RunRestore(options, out, err);
    };
  });
}

void AddInspect(CLI::App& app, InspectOptions& options, RunCommand& run) {
  CLI::App* inspect = app.add_subcommand("inspect", "Look into a data directory");
  inspect->add_option("DATA_DIR", options.data_dir, "May be in use; nothing is changed")
      ->required();
  inspect->add_option("WHAT", options.noun, "")
      ->check(CLI::IsMember(inspect::Nouns()))
      ->capture_default_str();
  inspect->add_option("--limit", options.limit, "Rows to show; 0: all")->capture_default_str();
  inspect->add_flag("--json", options.json, "Print JSON");
  inspect->callback([&options, &run] {
    run = [&options](std::ostream& out, std::ostream& err) {
      return RunInspect(options, out, err);
    };
  });
}

void AddAudit(CLI::App& app, AuditOptions& options, RunCommand& run) {
  CLI::App* audit =
      app.add_subcommand("audit", "Show who changed what, and check that it is whole");
  audit->add_option("DATA_DIR", options.data_dir, "May be in use; nothing is changed")->required();
  audit->add_option("--limit", options.limit, "Entries to show, the last ones; 0: all")
      ->capture_default_str();
  audit->add_flag("--json", options.json, "Print entries as they are in the file");
  audit->callback([&options, &run] {
    run = [&options](std::ostream& out, std::ostream& err) { return RunAudit(options, out, err); };
  });
}

}  // namespace

void AddServerOption(CLI::App& app, ServerTarget& server) {
  app.add_option("--server", server.url, "Admin port of the server")
      ->type_name("URL")
      ->capture_default_str();
  AddServerAccess(app, server);
}

void AddServerAccess(CLI::App& app, ServerTarget& server) {
  app.add_option("--token-file", server.token_file,
                 "Token to show the server; without it that of TOCSIN_TOKEN, if there is one");
  app.add_option("--ca-file", server.ca_file, "PEM of who signs the server's certificate");
}

void AddStateCommands(CLI::App& app, StateCommandOptions& options, RunCommand& run) {
  AddBackup(app, options.backup, run);
  AddRestore(app, options.restore, run);
  AddInspect(app, options.inspect, run);
  AddAudit(app, options.audit, run);
}

}  // namespace tocsin::app
