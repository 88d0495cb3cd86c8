#include "app/command_line_anomaly.h"

#include <CLI/CLI.hpp>

#include "base/clock.h"
#include "base/log.h"
#include "integrations/http/http_client.h"

namespace tocsin::app {

void AddAnomalyCommands(CLI::App& app, AnomalyTuneOptions& options, RunCommand& run) {
  CLI::App* anomaly = app.add_subcommand("anomaly", "Look at anomaly monitors");
  anomaly->require_subcommand(1);
  CLI::App* tune = anomaly->add_subcommand(
      "tune", "Show what each sensitivity of an anomaly monitor would have paged in the past");
  tune->add_option("RULE", options.rule, "Name of the anomaly monitor")->required();
  tune->add_option("--on", options.recording, "Data directory of a stopped or running server")
      ->type_name("DATA_DIR")
      ->required();
  tune->add_option("--config", options.config_path,
                   "Configuration that names the rule files (default tocsin.yaml, unless --rules "
                   "is given)")
      ->type_name("FILE");
  tune->add_option("--rules", options.rules, "Rule files instead; may be given several times")
      ->type_name("GLOB")
      ->expected(1)
      ->take_all();
  tune->add_option("--sensitivity", options.sensitivity,
                   "List the pages of this sensitivity (default: the rule's own)")
      ->check(CLI::PositiveNumber);
  tune->add_option("--limit", options.limit, "Pages that are listed; 0: all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  tune->add_flag("--json", options.json, "Print one JSON object");
  tune->callback([&options, &run] {
    run = [&options](std::ostream& out, std::ostream& err) {
      SetLogLevel(LogLevel::kError);  // the rules' warnings are for `tocsin check`
      return RunAnomalyTune(options, SystemClock(), out, err);
    };
  });
}

void AddFeedbackCommand(CLI::App& app, FeedbackOptions& options, RunCommand& run) {
  CLI::App* feedback = app.add_subcommand("feedback", "Say what a page of an anomaly monitor was");
  AddServerOption(*feedback, options.server);
  feedback->add_option("ALIAS", options.alias, "Of the page")->required();
  CLI::Option_group* kinds = feedback->add_option_group("feedback");
  const auto add = [&](const char* word, const char* help) {
    kinds->add_flag_callback(
        std::string("--") + word, [&options, word] { options.feedback = word; }, help);
  };
  add("false", "It was not worth a page: it ends, and this row's thresholds grow by a quarter");
  add("expected", "It was expected: it ends, and the like is known from now on");
  add("new-normal", "It ends: where the row is now is what is expected");
  add("undo", "Take the last feedback for this row back");
  kinds->require_option(1);
  feedback->callback([&options, &run] {
    run = [&options](std::ostream& out, std::ostream& err) {
      http_client::CurlTransport transport;
      return RunFeedback(options, transport, out, err);
    };
  });
}

}  // namespace tocsin::app
