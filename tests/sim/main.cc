// The simulation: see docs/simulation.md.
//
//   sim --seed=N [--verbose]            one run
//   sim --seeds=N [--from=S]            so many, one after the other
//   sim --seconds=T [--from=S]          as many as fit; without --from from a seed of the clock
//   sim --regressions=FILE ...          these first: a seed a line, # begins a comment
//
// Exit code 1 if a check failed: the seed, the command that repeats it and the last events are
// printed. A part of the seeds runs twice, to see that the same seed gives the same events.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "base/clock.h"
#include "tests/sim/run.h"

namespace tocsin::simulation {
namespace {

constexpr uint64_t kTwiceEvery = 16;

struct Arguments {
  uint64_t seed = 0;
  uint64_t seeds = 0;
  uint64_t from = 0;
  double seconds = 0;
  std::string regressions;
  bool verbose = false;
  bool log = false;
};

volatile uint64_t running_seed = 0;

// A failed CHECK ends the process: at least the seed is to be known.
void OnAbort(int) {
  std::printf("aborted in seed %llu; repeat it with: sim --seed=%llu --log\n",
              static_cast<unsigned long long>(running_seed),
              static_cast<unsigned long long>(running_seed));
  std::fflush(stdout);
}

std::vector<uint64_t> ReadSeeds(const std::string& path) {
  std::vector<uint64_t> seeds;
  std::ifstream file(path);
  if (!file) {
    absl::PrintF("cannot read %s\n", path);
    std::exit(2);
  }
  for (std::string line; std::getline(file, line);) {
    line = line.substr(0, line.find('#'));
    uint64_t seed = 0;
    if (absl::SimpleAtoi(line, &seed)) seeds.push_back(seed);
  }
  return seeds;
}

class Runner {
 public:
  explicit Runner(bool verbose) : verbose_(verbose) {}

  // False if a check failed.
  bool Run(uint64_t seed, bool twice) {
    running_seed = seed;
    Outcome outcome = RunSeed(seed, verbose_);
    if (outcome.failure.empty() && twice && RunSeed(seed, verbose_).hash != outcome.hash) {
      outcome.failure = "the same seed gave other events the second time";
    }
    ++runs_;
    events_ += outcome.events;
    virtual_ms_ += outcome.virtual_ms;
    if (outcome.failure.empty()) return true;
    Show(seed, outcome);
    return false;
  }

  void Summary(absl::Duration took) const {
    const double seconds = absl::ToDoubleSeconds(took);
    absl::PrintF(
        "%d seeds passed, %d events, %.1f h of virtual time in %.1f s: %.1f seeds a second\n",
        runs_, events_, static_cast<double>(virtual_ms_) / 3.6e6, seconds,
        static_cast<double>(runs_) / seconds);
  }

 private:
  void Show(uint64_t seed, const Outcome& outcome) const {
    for (const std::string& event : outcome.newest_events) {
      if (!verbose_) absl::PrintF("  %s\n", event);
    }
    absl::PrintF("seed %d failed: %s\n", seed, outcome.failure);
    absl::PrintF("plan: %s\n", MakePlan(seed).ToString());
    absl::PrintF("repeat it with: sim --seed=%d --verbose\n", seed);
  }

  const bool verbose_;
  uint64_t runs_ = 0;
  uint64_t events_ = 0;
  int64_t virtual_ms_ = 0;
};

int Run(const Arguments& arguments) {
  const SystemClock clock;
  const absl::Duration begin = clock.Monotonic();
  Runner runner(arguments.verbose);
  if (!arguments.regressions.empty()) {
    for (uint64_t seed : ReadSeeds(arguments.regressions)) {
      if (!runner.Run(seed, false)) return 1;
    }
  }
  if (arguments.seed != 0 && !runner.Run(arguments.seed, true)) return 1;
  uint64_t seed = arguments.from != 0 ? arguments.from : 1;
  const absl::Duration budget = absl::Seconds(arguments.seconds);
  if (budget > absl::ZeroDuration() && arguments.from == 0) {
    seed = static_cast<uint64_t>(clock.Now().millis());
    absl::PrintF("fresh seeds from %d\n", seed);
  }
  const bool timed = budget > absl::ZeroDuration();
  for (uint64_t n = 0; timed ? clock.Monotonic() - begin < budget : n < arguments.seeds; ++n) {
    if (timed && arguments.seeds != 0 && n >= arguments.seeds) break;
    if (!runner.Run(seed + n, n % kTwiceEvery == 0)) return 1;
  }
  runner.Summary(clock.Monotonic() - begin);
  return 0;
}

int Main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Runs the whole service under faults in virtual time.", "sim");
  app.add_option("--seed", arguments.seed, "run this seed");
  app.add_option("--seeds", arguments.seeds, "run so many seeds");
  app.add_option("--from", arguments.from, "the first of them");
  app.add_option("--seconds", arguments.seconds, "run fresh seeds for so long");
  app.add_option("--regressions", arguments.regressions, "a file of seeds to run first");
  app.add_flag("--verbose", arguments.verbose, "print every event");
  app.add_flag("--log", arguments.log, "show what the service logs");
  CLI11_PARSE(app, argc, argv);
  // The service under test logs every injected error.
  if (!arguments.log && std::freopen("/dev/null", "w", stderr) == nullptr) return 2;
  std::signal(SIGABRT, &OnAbort);
  return Run(arguments);
}

}  // namespace
}  // namespace tocsin::simulation

int main(int argc, char** argv) {
  return tocsin::simulation::Main(argc, argv);
}
