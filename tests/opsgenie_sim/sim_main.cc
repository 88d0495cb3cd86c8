// opsgenie-sim: a strict OpsGenie on loopback, for trying rules without paging anyone.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "base/clock.h"
#include "tests/opsgenie_sim/sim_json.h"
#include "tests/opsgenie_sim/sim_server.h"

namespace tocsin::sim {
namespace {

constexpr char kDefaultKey[] = "00000000-0000-4000-8000-000000000001";

// One event as a line: "PAGE P1 open  checkout answers in 950 ms  (alias ..., count 1)".
std::string EventLine(const SimEvent& event) {
  const SimAlert& alert = event.alert;
  const std::string tail = absl::StrCat("  (alias ", alert.alias, ", #", alert.tiny_id, ")");
  switch (event.kind) {
    case SimEvent::Kind::kOpened: {
      std::string line = absl::StrCat("PAGE ", alert.priority, " open  ", alert.message);
      if (!alert.tags.empty()) absl::StrAppend(&line, "  [", absl::StrJoin(alert.tags, ", "), "]");
      return line + tail;
    }
    case SimEvent::Kind::kRepeated:
      return absl::StrCat("REPEAT ", alert.priority, " count ", alert.count, "  ", alert.message,
                          tail);
    case SimEvent::Kind::kUpdated:
      return absl::StrCat("UPDATE ", alert.priority, " ", event.what, "  ", alert.message, tail);
    case SimEvent::Kind::kNoted:
      return absl::StrCat("NOTE ", alert.priority, "  ",
                          alert.notes.empty() ? "" : alert.notes.back(), tail);
    case SimEvent::Kind::kClosed:
      return absl::StrCat("CLOSE ", alert.priority, "  ", alert.message, "  after ",
                          absl::FormatDuration(event.at - alert.created_at), tail);
    case SimEvent::Kind::kDiscarded:
      return absl::StrCat("DISCARD ", event.what, "  (alias ", alert.alias, ")");
  }
  return {};
}

void PrintDetails(const SimAlert& alert) {
  for (const auto& [key, value] : alert.details) {
    std::printf("    %s: %s\n", key.c_str(), value.c_str());
  }
  if (!alert.description.empty()) {
    std::printf("    | %s\n", absl::StrReplaceAll(alert.description, {{"\n", "\n    | "}}).c_str());
  }
}

void PrintEvent(const SimEvent& event, bool details) {
  std::printf("%s  %s\n", FormatTimestamp(event.at).c_str(), EventLine(event).c_str());
  if (details && event.kind == SimEvent::Kind::kOpened) PrintDetails(event.alert);
  std::fflush(stdout);
}

// "UUID", or "UUID:KIND", or "UUID:team:NAME". False if it is none of them.
bool AddKey(const std::string& text, SimOptions& options) {
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  static const std::map<std::string, KeyKind> kKinds = {{"api", KeyKind::kApiIntegration},
                                                        {"team", KeyKind::kTeam},
                                                        {"management", KeyKind::kManagement},
                                                        {"read-only", KeyKind::kReadOnly},
                                                        {"write-only", KeyKind::kWriteOnly}};
  SimKey key;
  if (parts.size() > 1) {
    const auto kind = kKinds.find(parts[1]);
    if (kind == kKinds.end()) return false;
    key.kind = kind->second;
  }
  const bool team = key.kind == KeyKind::kTeam;
  if (parts[0].empty() || parts.size() != (team ? 3u : std::min<size_t>(parts.size(), 2))) {
    return false;
  }
  if (team) key.team = parts[2];
  options.keys[parts[0]] = key;
  return true;
}

int Main(int argc, char** argv) {
  CLI::App app("A strict OpsGenie simulator on loopback.", "opsgenie-sim");
  std::string listen = "127.0.0.1:0";
  std::vector<std::string> keys;
  std::string delay = "300ms";
  std::string faults;
  std::vector<std::string> statuses;
  SimOptions options;
  // What may be refused is refused: who tries rules here must not be surprised by the real one.
  options.strict_details = options.strict_unknown_fields = true;
  bool print = false;
  bool quiet = false;
  app.add_option("--listen", listen, "address:port; port 0 takes any free one")
      ->capture_default_str();
  app.add_option("--key", keys,
                 "accepted key: UUID, UUID:KIND with api, management, read-only or write-only, or "
                 "UUID:team:NAME; may be repeated");
  app.add_option("--delay", delay, "from the 202 to the processing of a request")
      ->capture_default_str();
  app.add_option("--faults", faults, "error_500=0.1,drop_after=0.05,throttle=..,outage=1,..");
  app.add_option("--status", statuses,
                 "METHOD:PATH:STATUS[:PROBABILITY], as GET:/requests/:403; may be repeated");
  app.add_flag("--strict-details,!--lenient-details", options.strict_details,
               "refuse details above their limits instead of cutting them (default: strict)");
  app.add_flag("--strict-unknown-fields,!--lenient-unknown-fields", options.strict_unknown_fields,
               "refuse unknown fields instead of ignoring them (default: strict)");
  app.add_option("--per-second", options.per_second, "rate limit, 0: none");
  app.add_option("--per-minute", options.per_minute, "rate limit, 0: none");
  app.add_option("--seed", options.seed, "of the simulator's randomness");
  app.add_flag("--out-of-order", options.out_of_order, "process requests in random order");
  app.add_flag("--print", print, "also print description and details of each page");
  app.add_flag("--quiet", quiet, "print no events");
  CLI11_PARSE(app, argc, argv);

  const auto plan = FaultsFromFlag(faults);
  if (!plan.ok() || !absl::ParseDuration(delay, &options.delay)) {
    std::fprintf(
        stderr, "opsgenie-sim: %s\n",
        plan.ok() ? "--delay is not a duration" : std::string(plan.status().message()).c_str());
    return 2;
  }
  options.faults = *plan;
  for (const std::string& text : statuses) {
    auto fault = StatusFaultFromText(text);
    if (!fault.ok()) {
      std::fprintf(stderr, "opsgenie-sim: --status: %s\n",
                   std::string(fault.status().message()).c_str());
      return 2;
    }
    options.faults.statuses.push_back(*std::move(fault));
  }
  if (keys.empty()) keys.push_back(kDefaultKey);
  for (const std::string& text : keys) {
    if (AddKey(text, options)) continue;
    std::fprintf(stderr, "opsgenie-sim: --key is not UUID, UUID:KIND or UUID:team:NAME\n");
    return 2;
  }

  // Blocked in all threads, so that sigwait below gets them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const SystemClock clock;
  SimServer server(options, clock, [print, quiet](const SimEvent& event) {
    if (!quiet) PrintEvent(event, print);
  });
  if (const absl::Status status = server.Start(listen); !status.ok()) {
    std::fprintf(stderr, "opsgenie-sim: %s\n", std::string(status.message()).c_str());
    return 2;
  }
  std::printf("opsgenie-sim listening on %s key %s\n", server.url().c_str(),
              keys.front().substr(0, keys.front().find(':')).c_str());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  server.Stop();
  return 0;
}

}  // namespace
}  // namespace tocsin::sim

int main(int argc, char** argv) {
  return tocsin::sim::Main(argc, argv);
}
