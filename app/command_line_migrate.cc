#include "app/command_line_migrate.h"

#include <CLI/CLI.hpp>

#include "integrations/http/http_client.h"

namespace tocsin::app {

void AddMigrateCommands(CLI::App& app, MigrateOptions& options, RunCommand& run) {
  CLI::App* migrate = app.add_subcommand("migrate", "Show what a move to another service changes");
  migrate->require_subcommand(1);
  CLI::App* to_jsm =
      migrate->add_subcommand("opsgenie-to-jsm", "From OpsGenie to Jira Service Management");
  to_jsm->add_option("--config", options.config_path, "Configuration (tocsin.yaml)")
      ->type_name("FILE")
      ->capture_default_str();
  to_jsm->add_option("--server", options.server.url, "Admin port of a server whose alerts to count")
      ->type_name("URL");
  AddServerAccess(*to_jsm, options.server);
  to_jsm->add_flag("--dry-run", options.dry_run, "Only show it; nothing else is supported");
  to_jsm->callback([&options, &run] {
    run = [&options](std::ostream& out, std::ostream& err) {
      http_client::CurlTransport transport;
      return RunMigrateToJsm(options, transport, out, err);
    };
  });
}

}  // namespace tocsin::app
