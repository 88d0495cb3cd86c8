#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "absl/time/time.h"
#include "app/command_line_anomaly.h"
#include "app/command_line_detect.h"
#include "app/command_line_migrate.h"
#include "app/command_line_silence.h"
#include "app/command_line_state.h"
#include "app/commands/alerts.h"
#include "app/commands/check.h"
#include "app/commands/explain.h"
#include "app/commands/later.h"
#include "app/commands/query.h"
#include "app/commands/send.h"
#include "app/commands/serve.h"
#include "app/commands/status.h"
#include "app/commands/test.h"
#include "app/version.h"
#include "base/clock.h"
#include "base/log.h"
#include "integrations/http/http_client.h"
#include "rules/promql/duration.h"

namespace tocsin::app {
namespace {

// The options of all commands, and the command to run once the words are read.
struct Commands {
  ServerOptions serve;
  CheckOptions check;
  TestOptions test;
  QueryOptions query;
  StatusOptions status;
  AlertsOptions alerts;
  ExplainOptions explain;
  StateCommandOptions state;
  SilenceCommandOptions silence;
  MigrateOptions migrate;
  AnomalyTuneOptions anomaly_tune;
  DetectOptions detect;
  FeedbackOptions feedback;
  SendHostOptions send_host;
  SendCsvOptions send_csv;
  SendGeneratedOptions send_generated;
  RunCommand run;
};

// An option that takes a duration as rule files write it.
void AddDuration(CLI::App& app, const std::string& name, absl::Duration& target,
                 const std::string& help) {
  app.add_option_function<std::string>(
         name,
         [&target, name](const std::string& text) {
           const auto duration = promql::ParseDuration(text);
           if (!duration.ok()) throw CLI::ValidationError(name, "expected a duration such as 30s");
           target = *duration;
         },
         help)
      ->type_name("DURATION");
}

void AddServe(CLI::App& app, Commands& commands) {
  CLI::App* serve = app.add_subcommand("serve", "Run the service");
  ServerOptions& options = commands.serve;
  serve->add_option("--config", options.config_path, "Configuration (tocsin.yaml)")
      ->type_name("FILE")
      ->required();
  serve->add_option("--data-dir", options.data_dir, "Where state is kept");
  serve->add_option("--rules", options.rules, "Rule files; may be given several times")
      ->type_name("GLOB")
      ->expected(1);
  serve->get_option("--rules")->take_all();
  serve->add_option("--grpc-listen", options.grpc_listen, "Address of the gRPC port");
  serve->add_option("--http-listen", options.http_listen, "Address of the HTTP port");
  serve->add_option("--admin-listen", options.admin_listen, "Address of the admin port");
  serve->callback([&commands] {
    commands.run = [&commands](std::ostream&, std::ostream& err) {
      return RunServe(commands.serve, err);
    };
  });
}

void AddCheck(CLI::App& app, Commands& commands) {
  CLI::App* check = app.add_subcommand("check", "Check rule files and configurations");
  CheckOptions& options = commands.check;
  static const std::map<std::string, FindingFormat> formats = {{"text", FindingFormat::kText},
                                                               {"json", FindingFormat::kJson},
                                                               {"github", FindingFormat::kGithub},
                                                               {"sarif", FindingFormat::kSarif}};
  check->add_option("--format", options.format, "text, json, github or sarif")
      ->transform(CLI::CheckedTransformer(formats));
  check->add_flag("--print-config", options.print_config,
                  "Print the configuration with all defaults; secrets are hidden");
  check->add_flag("--strict", options.strict, "Warnings count as errors");
  check->add_option("PATH", options.paths, "Files and folders");
  check->callback([&commands] {
    if (commands.check.paths.empty() && !commands.check.print_config) {
      throw CLI::RequiredError("PATH");
    }
    commands.run = [&commands](std::ostream& out, std::ostream& err) {
      return RunCheck(commands.check, out, err);
    };
  });
}

void AddTest(CLI::App& app, Commands& commands) {
  CLI::App* test =
      app.add_subcommand("test", "Run unit tests of rules, in the format of promtool test rules");
  test->add_option("--junit", commands.test.junit, "Write a JUnit XML report there too")
      ->type_name("FILE");
  test->add_flag("--strict", commands.test.strict,
                 "Refuse what only Prometheus 2 would pass, and rule files that are missing");
  test->add_option("FILE", commands.test.files, "Test files")->required();
  test->callback([&commands] {
    commands.run = [&commands](std::ostream& out, std::ostream& err) {
      SetLogLevel(LogLevel::kError);  // a failing rule is in the report
      return RunTest(commands.test, out, err);
    };
  });
}

void AddQuery(CLI::App& app, Commands& commands) {
  CLI::App* query = app.add_subcommand("query", "Evaluate an expression on a running server");
  AddServerOption(*query, commands.query.server);
  query->add_option("--time", commands.query.time, "Unix seconds or RFC 3339; default: now");
  query->add_flag("--json", commands.query.json, "Print the server's answer as it is");
  query->add_option("EXPR", commands.query.expression, "PromQL expression")->required();
  query->callback([&commands] {
    commands.run = [&commands](std::ostream& out, std::ostream& err) {
      http_client::CurlTransport transport;
      return RunQuery(commands.query, transport, out, err);
    };
  });
}

void AddStatus(CLI::App& app, Commands& commands) {
  CLI::App* status = app.add_subcommand("status", "Show how a running server is");
  AddServerOption(*status, commands.status.server);
  status->callback([&commands] {
    commands.run = [&commands](std::ostream& out, std::ostream& err) {
      http_client::CurlTransport transport;
      return RunStatus(commands.status, transport, out, err);
    };
  });
}

void AddAlerts(CLI::App& app, Commands& commands) {
  CLI::App* alerts = app.add_subcommand("alerts", "Show pending and firing alerts");
  AddServerOption(*alerts, commands.alerts.server);
  alerts->add_flag("--json", commands.alerts.json, "Print the server's answer as it is");
  alerts->callback([&commands] {
    commands.run = [&commands](std::ostream& out, std::ostream& err) {
      http_client::CurlTransport transport;
      return RunAlerts(commands.alerts, transport, out, err);
    };
  });
}

void AddExplain(CLI::App& app, Commands& commands) {
  CLI::App* explain =
      app.add_subcommand("explain", "Tell why an alert is as it is, from what a server kept");
  ExplainOptions& options = commands.explain;
  AddServerOption(*explain, options.server);
  explain->add_option("--at", options.time, "As of then: Unix seconds or RFC 3339; default: now");
  explain
      ->add_option_function<std::string>(
          "--format", [&options](const std::string& format) { options.json = format == "json"; },
          "text or json")
      ->check(CLI::IsMember({"text", "json"}));
  explain->add_option("ALIAS|RULE", options.subject, "A page's alias, or the name of a rule")
      ->required();
  explain->callback([&commands] {
    commands.run = [&commands](std::ostream& out, std::ostream& err) {
      http_client::CurlTransport transport;
      return RunExplain(commands.explain, transport, out, err);
    };
  });
}

void AddTarget(CLI::App& app, SendTarget& target) {
  app.add_option("--endpoint", target.endpoint, "OTLP/gRPC address")->capture_default_str();
  app.add_flag("--tls", target.tls, "Speak TLS");
  app.add_option("--ca-file", target.ca_file,
                 "PEM of who signs the server's certificate; with TLS");
  app.add_option("--token-file", target.token_file,
                 "Token to show; without it that of TOCSIN_TOKEN, if there is one");
  app.add_option("--attr", target.attributes, "Attribute key=value; may be given several times")
      ->expected(1)
      ->take_all();
}

void AddPace(CLI::App& app, SendPace& pace) {
  AddDuration(app, "--interval", pace.interval, "Time between two sendings (default 1s)");
  AddDuration(app, "--for", pace.duration, "How long (default: until stopped)");
}

void AddSend(CLI::App& app, Commands& commands) {
  CLI::App* send = app.add_subcommand("send", "Push samples to a server");
  send->require_subcommand(1);

  CLI::App* host = send->add_subcommand("host", "This machine's own metrics");
  AddTarget(*host, commands.send_host.target);
  AddPace(*host, commands.send_host.pace);
  host->callback([&commands] {
    commands.run = [&commands](std::ostream& out, std::ostream& err) {
      return RunSendHost(commands.send_host, SystemClock(), out, err);
    };
  });

  CLI::App* csv = send->add_subcommand("csv", "Rows timestamp,value of a file");
  AddTarget(*csv, commands.send_csv.target);
  csv->add_option("FILE", commands.send_csv.file, "The file")->required();
  csv->add_option("--metric", commands.send_csv.metric, "Name of the metric")->required();
  csv->add_flag("--shift", commands.send_csv.shift, "Date the rows so that the last one is now");
  csv->callback([&commands] {
    commands.run = [&commands](std::ostream& out, std::ostream& err) {
      return RunSendCsv(commands.send_csv, SystemClock(), out, err);
    };
  });

  CLI::App* generated = send->add_subcommand("generated", "Made-up series, for load");
  AddTarget(*generated, commands.send_generated.target);
  AddPace(*generated, commands.send_generated.pace);
  generated->add_option("--series", commands.send_generated.series, "How many")
      ->check(CLI::Range(size_t{1}, size_t{10'000'000}))
      ->capture_default_str();
  generated->callback([&commands] {
    commands.run = [&commands](std::ostream& out, std::ostream& err) {
      return RunSendGenerated(commands.send_generated, SystemClock(), out, err);
    };
  });
}

void AddLater(CLI::App& app, Commands& commands) {
  for (const std::string& name : LaterCommands()) {
    CLI::App* later = app.add_subcommand(name, "(not supported yet)");
    later->group("");  // not listed in the help
    later->allow_extras();
    later->set_help_flag();
    later->callback([&commands, name] {
      commands.run = [name](std::ostream&, std::ostream& err) { return RunLater(name, err); };
    });
  }
}

}  // namespace

int RunCommandLine(std::vector<std::string> words, std::ostream& out, std::ostream& err) {
  CLI::App app("Tocsin evaluates metric streams and pages people", "tocsin");
  app.set_version_flag("--version", std::string("tocsin ") + kVersion);
  app.require_subcommand(1);
  Commands commands;
  AddServe(app, commands);
  AddCheck(app, commands);
  AddTest(app, commands);
  AddQuery(app, commands);
  AddStatus(app, commands);
  AddAlerts(app, commands);
  AddExplain(app, commands);
  AddStateCommands(app, commands.state, commands.run);
  AddSilenceCommands(app, commands.silence, commands.run);
  AddMigrateCommands(app, commands.migrate, commands.run);
  AddAnomalyCommands(app, commands.anomaly_tune, commands.run);
  AddFeedbackCommand(app, commands.feedback, commands.run);
  AddDetectCommand(app, commands.detect, commands.run);
  AddSend(app, commands);
  AddLater(app, commands);
  std::reverse(words.begin(), words.end());  // as CLI11 wants them
  try {
    app.parse(std::move(words));
  } catch (const CLI::ParseError& e) {
    return app.exit(e, out, err) == 0 ? 0 : 2;
  }
  return commands.run(out, err);
}

int RunCommandLine(int argc, char** argv) {
  return RunCommandLine(std::vector<std::string>(argv + 1, argv + argc), std::cout, std::cerr);
}

}  // namespace tocsin::app
