// opsgenie-sim: a strict OpsGenie on loopback, for trying rules without paging anyone.

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "base/clock.h"
#include "tests/opsgenie_sim/sim_control.h"
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
                          alert.notes.empty() ? "" : alert.notes.back().text, tail);
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

// The options of the command line as text.
struct Arguments {
  std::string listen = "127.0.0.1:0";
  std::vector<std::string> keys;
  std::string delay = "300ms";
  std::string faults;
  std::vector<std::string> statuses;
  std::vector<std::string> directory;
  std::vector<std::string> heartbeats;
  std::string webhook;
  std::vector<std::string> webhook_headers;
  bool print = false;
  bool quiet = false;
};

void AddOptions(CLI::App& app, Arguments& arguments, SimOptions& options) {
  app.add_option("--listen", arguments.listen, "address:port; port 0 takes any free one")
      ->capture_default_str();
  app.add_option("--key", arguments.keys,
                 "accepted key: UUID, UUID:KIND with api, management, read-only, write-only or "
                 "jsm-token, or UUID:team:NAME; each may go on with ,region=eu ,product=jsm "
                 ",enabled=false ,restrict_configuration=true ,user=E-MAIL; may be repeated");
  app.add_option("--delay", arguments.delay, "from the 202 to the processing of a request")
      ->capture_default_str();
  app.add_option("--faults", arguments.faults,
                 "error_500=0.1,drop_after=0.05,throttle=..,outage=1,webhook_repeat=..,..");
  app.add_option("--status", arguments.statuses,
                 "METHOD:PATH:STATUS[:PROBABILITY], as GET:/requests/:403; may be repeated");
  app.add_option("--has", arguments.directory,
                 "team:NAME, user:E-MAIL, schedule:NAME[@TEAM] or escalation:NAME[@TEAM] that "
                 "exists; without any, everything does; may be repeated");
  app.add_option("--heartbeat", arguments.heartbeats,
                 "NAME[:MINUTES] of a heartbeat that exists; may be repeated");
  app.add_option("--webhook", arguments.webhook, "URL that is told what happens to alerts");
  app.add_option("--webhook-header", arguments.webhook_headers,
                 "\"Name: value\" that goes with each webhook; may be repeated");
  app.add_option("--region", options.region, "of this host; keys of another are refused")
      ->capture_default_str();
  app.add_option("--cloud-id", options.cloud_id, "of the site in JSM's REST API")
      ->capture_default_str();
  app.add_flag("--strict-details,!--lenient-details", options.strict_details,
               "refuse details above their limits instead of cutting them (default: strict)");
  app.add_flag("--strict-unknown-fields,!--lenient-unknown-fields", options.strict_unknown_fields,
               "refuse unknown fields instead of ignoring them (default: strict)");
  app.add_option("--per-second", options.per_second, "rate limit, 0: none");
  app.add_option("--per-minute", options.per_minute, "rate limit, 0: none");
  app.add_option("--seed", options.seed, "of the simulator's randomness");
  app.add_flag("--out-of-order", options.out_of_order, "process requests in random order");
  app.add_flag("--print", arguments.print, "also print description and details of each page");
  app.add_flag("--quiet", arguments.quiet, "print no events");
}

absl::Status ReadHeartbeat(const std::string& text, SimOptions& options) {
  const std::pair<std::string, std::string> pair = absl::StrSplit(text, absl::MaxSplits(':', 1));
  SimHeartbeat heartbeat;
  heartbeat.name = pair.first;
  const bool good = !heartbeat.name.empty() &&
                    (pair.second.empty() || (absl::SimpleAtoi(pair.second, &heartbeat.interval) &&
                                             heartbeat.interval > 0));
  if (!good) return absl::InvalidArgumentError("--heartbeat is not NAME or NAME:MINUTES");
  options.heartbeats.push_back(std::move(heartbeat));
  return absl::OkStatus();
}

// Texts into options. InvalidArgument says which option is wrong.
absl::Status ReadArguments(const Arguments& arguments, SimOptions& options) {
  const auto plan = FaultsFromFlag(arguments.faults);
  if (!plan.ok()) return plan.status();
  options.faults = *plan;
  if (!absl::ParseDuration(arguments.delay, &options.delay)) {
    return absl::InvalidArgumentError("--delay is not a duration");
  }
  for (const std::string& text : arguments.statuses) {
    auto fault = StatusFaultFromText(text);
    if (!fault.ok()) return fault.status();
    options.faults.statuses.push_back(*std::move(fault));
  }
  for (const std::string& text : arguments.keys) {
    const auto key = KeyFromFlag(text);
    // The text is not shown: it holds a key.
    if (!key.ok())
      return absl::InvalidArgumentError("--key is not UUID[:KIND[:TEAM]][,NAME=VALUE]");
    options.keys[key->first] = key->second;
  }
  for (const std::string& text : arguments.directory) {
    SimDirectoryEntry entry;
    if (!ReadDirectoryEntry(text, entry)) {
      return absl::InvalidArgumentError(absl::StrCat("--has is not KIND:NAME: ", text));
    }
    options.directory.push_back(std::move(entry));
  }
  for (const std::string& text : arguments.heartbeats) {
    if (const absl::Status status = ReadHeartbeat(text, options); !status.ok()) return status;
  }
  options.webhooks = !arguments.webhook.empty();
  return absl::OkStatus();
}

std::vector<http_client::HttpHeader> Headers(const std::vector<std::string>& texts) {
  std::vector<http_client::HttpHeader> headers;
  for (const std::string& text : texts) {
    const std::pair<std::string, std::string> pair = absl::StrSplit(text, absl::MaxSplits(':', 1));
    headers.push_back({pair.first, std::string(absl::StripAsciiWhitespace(pair.second))});
  }
  return headers;
}

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "opsgenie-sim: %s\n", std::string(status.message()).c_str());
  return 2;
}

int Main(int argc, char** argv) {
  CLI::App app("A strict OpsGenie simulator on loopback.", "opsgenie-sim");
  Arguments arguments;
  SimOptions options;
  // What may be refused is refused: who tries rules here must not be surprised by the real one.
  options.strict_details = options.strict_unknown_fields = true;
  AddOptions(app, arguments, options);
  CLI11_PARSE(app, argc, argv);
  if (arguments.keys.empty()) arguments.keys.push_back(kDefaultKey);
  if (const absl::Status status = ReadArguments(arguments, options); !status.ok()) {
    return Fail(status);
  }

  // Blocked in all threads, so that sigwait below gets them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const SystemClock clock;
  SimServer server(options, clock, [&arguments](const SimEvent& event) {
    if (!arguments.quiet) PrintEvent(event, arguments.print);
  });
  if (options.webhooks) {
    server.SendWebhooksTo(arguments.webhook, Headers(arguments.webhook_headers));
  }
  if (const absl::Status status = server.Start(arguments.listen); !status.ok()) {
    return Fail(status);
  }
  const std::string& key = arguments.keys.front();
  std::printf("opsgenie-sim listening on %s key %s\n", server.url().c_str(),
              key.substr(0, key.find_first_of(":,")).c_str());
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
