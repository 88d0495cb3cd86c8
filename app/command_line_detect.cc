#include "app/command_line_detect.h"

#include <CLI/CLI.hpp>
#include <map>

#include "base/clock.h"
#include "base/time_zone.h"

namespace tocsin::app {

using anomaly::Preset;

void AddDetectCommand(CLI::App& app, DetectOptions& options, RunCommand& run) {
  static const std::map<std::string, Preset> presets = {{"page", Preset::kPage},
                                                        {"notice", Preset::kNotice}};
  CLI::App* detect =
      app.add_subcommand("detect", "Run the anomaly detector over the rows of a file");
  detect->add_option("--in", options.in, "Rows timestamp,value (YYYY-MM-DD HH:MM:SS, UTC)")
      ->type_name("FILE")
      ->required();
  detect->add_option("--out", options.out, "Where to write score, band and state of each row")
      ->type_name("FILE")
      ->required();
  detect
      ->add_option("--preset", options.detector.preset,
                   "page opens incidents on strong evidence, notice on less")
      ->transform(CLI::CheckedTransformer(presets));
  detect
      ->add_option("--sensitivity", options.detector.sensitivity,
                   "All thresholds are divided by it")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  detect
      ->add_option_function<std::string>(
          "--timezone",
          [&options](const std::string& name) {
            const auto zone = FindTimeZone(name);
            if (!zone) throw CLI::ValidationError("--timezone", "no such time zone: " + name);
            options.detector.time_zone = *zone;
          },
          "Whose days and weeks the series follows, such as Europe/Brussels (default UTC)")
      ->type_name("ZONE");
  detect->callback([&options, &run] {
    run = [&options](std::ostream&, std::ostream& err) {
      return RunDetect(options, SystemClock(), err);
    };
  });
}

}  // namespace tocsin::app
