#include "app/command_line_silence.h"

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "base/clock.h"
#include "integrations/http/http_client.h"
#include "rules/promql/duration.h"

namespace tocsin::app {
namespace {

std::string UserName() {
  const char* name = std::getenv("USER");
  return name == nullptr ? "" : name;
}

void AddAdd(CLI::App& silence, SilenceAddOptions& options, RunCommand& run) {
  CLI::App* add = silence.add_subcommand("add", "Silence alerts; prints the silence's id");
  AddServerOption(*add, options.server);
  options.author = UserName();
  add->add_option("-a,--author", options.author, "Who wants it (default: the user)");
  add->add_option("-c,--comment", options.comment, "Why")->required();
  add->add_option_function<std::string>(
         "-d,--duration",
         [&options](const std::string& text) {
           const auto duration = promql::ParseDuration(text);
           if (!duration.ok()) {
             throw CLI::ValidationError("--duration", "expected a duration such as 2h");
           }
           options.duration = *duration;
         },
         "For how long (default 1h)")
      ->type_name("DURATION");
  add->add_option("--start", options.start, "When it starts, RFC 3339 (default: now)");
  add->add_option("--end", options.end, "When it ends, instead of --duration");
  add->add_option("MATCHER", options.matchers, "alertname=X, severity=~\"warn.*\", X")->required();
  add->callback([&options, &run] {
    run = [&options](std::ostream& out, std::ostream& err) {
      http_client::CurlTransport transport;
      return RunSilenceAdd(options, SystemClock().Now(), transport, out, err);
    };
  });
}

void AddList(CLI::App& silence, SilenceListOptions& options, RunCommand& run) {
  CLI::App* list = silence.add_subcommand("list", "Show silences");
  AddServerOption(*list, options.server);
  list->add_flag("--expired", options.expired, "Those that are over, instead of the others");
  list->add_flag("-q,--quiet", options.quiet, "Ids alone");
  list->add_flag("--json", options.json, "Print the server's answer as it is");
  list->add_option("MATCHER", options.matchers, "Only silences that have this matcher");
  list->callback([&options, &run] {
    run = [&options](std::ostream& out, std::ostream& err) {
      http_client::CurlTransport transport;
      return RunSilenceList(options, transport, out, err);
    };
  });
}

void AddExpire(CLI::App& silence, SilenceExpireOptions& options, RunCommand& run) {
  CLI::App* expire = silence.add_subcommand("expire", "End silences now");
  AddServerOption(*expire, options.server);
  expire->add_option("ID", options.ids, "As `list` shows them")->required();
  expire->callback([&options, &run] {
    run = [&options](std::ostream& out, std::ostream& err) {
      http_client::CurlTransport transport;
      return RunSilenceExpire(options, transport, out, err);
    };
  });
}

}  // namespace

void AddSilenceCommands(CLI::App& app, SilenceCommandOptions& options, RunCommand& run) {
  CLI::App* silence = app.add_subcommand("silence", "Hold back the pages of some alerts");
  silence->require_subcommand(1);
  AddAdd(*silence, options.add, run);
  AddList(*silence, options.list, run);
  AddExpire(*silence, options.expire, run);
}

}  // namespace tocsin::app
