#include "app/command_line_anomaly.h"

#include <CLI/CLI.hpp>

#include "base/clock.h"
#include "base/log.h"

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

}  // namespace tocsin::app
