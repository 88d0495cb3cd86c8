// tocsin_killable: `tocsin serve` that ends itself, as kill -9 does, at a named moment
// (base/kill_point.h), and whose upkeep of storage runs often enough for a test.
//   tocsin_killable --config tocsin.yaml --data-dir D --kill-point log_append.after_write
//   --kill-pass 3 --block-span 1s --upkeep-interval 100ms

#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <iostream>
#include <string>

#include "absl/time/time.h"
#include "app/commands/serve.h"
#include "base/kill_point.h"

namespace tocsin {
namespace {

// Set before any thread is started, then only read.
std::string wanted_point;
int wanted_pass = 1;

std::atomic<int> passes = 0;

void EndAtWantedPoint(const char* name) {
  if (wanted_point != name || ++passes != wanted_pass) return;
  kill(getpid(), SIGKILL);
  pause();  // nothing of this thread happens after it
}

bool ReadDuration(const std::string& text, std::optional<absl::Duration>& out) {
  absl::Duration duration;
  if (!text.empty() && !absl::ParseDuration(text, &duration)) return false;
  if (!text.empty()) out = duration;
  return true;
}

int Main(int argc, char** argv) {
  CLI::App app("tocsin serve that ends itself at a named moment.", "tocsin_killable");
  app::ServerOptions options;
  std::string block_span, upkeep_interval;
  app.add_option("--config", options.config_path)->required();
  app.add_option("--data-dir", options.data_dir);
  app.add_option("--grpc-listen", options.grpc_listen);
  app.add_option("--http-listen", options.http_listen);
  app.add_option("--admin-listen", options.admin_listen);
  app.add_option("--kill-point", wanted_point, "name of the moment; none: run as usual");
  app.add_option("--kill-pass", wanted_pass, "at which pass, from 1");
  app.add_option("--block-span", block_span, "see engine/upkeep.h");
  app.add_option("--upkeep-interval", upkeep_interval);
  CLI11_PARSE(app, argc, argv);
  if (!ReadDuration(block_span, options.block_span) ||
      !ReadDuration(upkeep_interval, options.upkeep_interval)) {
    std::cerr << "tocsin_killable: not a duration\n";
    return 2;
  }
  if (!wanted_point.empty()) kill_point_hook = EndAtWantedPoint;
  return app::RunServe(options, std::cerr);
}

}  // namespace
}  // namespace tocsin

int main(int argc, char** argv) {
  return tocsin::Main(argc, argv);
}
