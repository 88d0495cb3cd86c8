// 10,000 alerts that begin at the same instant, the critical ones last, against an OpsGenie that
// lets few requests pass: when the first and the last critical page is open there, how many others
// went before, what it costs. In virtual time, so the figures but processor time and memory are the
// same on every machine.

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/clock.h"
#include "base/log.h"
#include "tests/opsgenie/delivery_world.h"

namespace tocsin::delivery {
namespace {

struct Load {
  size_t warnings = 9'900;
  size_t criticals = 100;
  int per_second = 20;
  int per_minute = 600;
  size_t storm_alerts = 0;
};

double ResidentMegabytes() {
  std::ifstream statm("/proc/self/statm");
  size_t all = 0, resident = 0;
  statm >> all >> resident;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

state::v1::DesiredPage MakePage(size_t number, bool critical, Timestamp now) {
  state::v1::DesiredPage page;
  page.set_alias(absl::StrFormat("%s-%08d", critical ? "payments-down" : "disk-slow", number));
  page.set_open(true);
  page.set_episode(1);
  page.set_sequence(1);
  page.set_rule(critical ? "payments-down" : "disk-slow");
  page.set_severity(critical ? "critical" : "warning");
  page.set_value(950);
  page.set_condition("> 900");
  page.set_since_ms(now.millis());
  page.set_changed_ms(now.millis());
  page.set_cause_committed_ms(now.millis());
  const Labels labels = {{"alertname", page.rule()},
                         {"instance", absl::StrCat("host-", number)},
                         {"severity", page.severity()}};
  page.set_labels(std::string(labels.canonical()));
  (*page.mutable_annotations())["summary"] = absl::StrCat(page.rule(), " on host-", number);
  return page;
}

// When pages of each priority were opened at the receiver, in order.
struct Opened {
  Timestamp at;
  bool critical;
};

struct Result {
  std::vector<Opened> opened;
  double megabytes = 0;
  double processor_seconds = 0;
};

Result Run(const Load& load) {
  const double before_mb = ResidentMegabytes();
  const absl::Duration began = SystemClock().Monotonic();
  ReceiversAndRoutes config = TestConfig();
  config.route.storm_alerts = load.storm_alerts;
  sim::SimOptions options = TestSim();
  options.per_second = load.per_second;
  options.per_minute = load.per_minute;
  DeliveryWorld world(config, options);
  world.SetLatency(absl::Milliseconds(50));
  for (size_t i = 0; i < load.warnings; ++i) world.Publish(MakePage(i, false, world.now));
  for (size_t i = 0; i < load.criticals; ++i) world.Publish(MakePage(i, true, world.now));
  Result result;
  const auto settled = [&] { return !world.outbox->OldestUnsettledMillis().has_value(); };
  do {
    world.Run(absl::Seconds(1));
    result.megabytes = std::max(result.megabytes, ResidentMegabytes() - before_mb);
    for (const sim::SimEvent& event : world.sim.TakeEvents()) {
      if (event.kind != sim::SimEvent::Kind::kOpened) continue;
      result.opened.push_back({event.at, event.alert.priority == "P1"});
    }
  } while (!settled());
  result.processor_seconds = absl::ToDoubleSeconds(SystemClock().Monotonic() - began);
  return result;
}

void Print(const Load& load, const Result& result) {
  const Timestamp start = Timestamp::FromMillis(1'700'000'000'000);
  const auto seconds = [&](Timestamp at) { return absl::ToDoubleSeconds(at - start); };
  size_t criticals = 0, others_before = 0;
  double first = 0, last = 0;
  for (size_t i = 0; i < result.opened.size(); ++i) {
    if (!result.opened[i].critical) continue;
    if (criticals++ == 0) first = seconds(result.opened[i].at);
    last = seconds(result.opened[i].at);
    others_before = i + 1 - criticals;
  }
  std::cout << absl::StreamFormat(
      "storms folded above %zu: %zu pages opened; first critical after %.2f s, last of %zu after "
      "%.1f s with %zu others before it; all after %.0f s; %.0f MB, %.1f s of processor\n",
      load.storm_alerts, result.opened.size(), first, criticals, last, others_before,
      seconds(result.opened.back().at), result.megabytes, result.processor_seconds);
}

}  // namespace
}  // namespace tocsin::delivery

int main(int argc, char** argv) {
  using namespace tocsin::delivery;  // NOLINT: a program
  Load load;
  CLI::App app("Many alerts at once against a limited OpsGenie");
  app.add_option("--warnings", load.warnings, "Alerts that are not critical");
  app.add_option("--criticals", load.criticals, "Critical ones, which come last");
  app.add_option("--per-second", load.per_second, "Requests OpsGenie takes in a second");
  app.add_option("--per-minute", load.per_minute, "and in a minute");
  CLI11_PARSE(app, argc, argv);
  tocsin::SetLogLevel(tocsin::LogLevel::kError);
  for (const size_t storm_alerts : {size_t{0}, size_t{20}}) {
    load.storm_alerts = storm_alerts;
    Print(load, Run(load));
  }
  return 0;
}
