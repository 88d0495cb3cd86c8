// What is done at an account beside pages, in virtual time against the simulator.

#include "integrations/opsgenie/account_watch.h"

#include <gtest/gtest.h>

#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "integrations/opsgenie/request.h"
#include "tests/opsgenie_sim/sim_opsgenie.h"

namespace tocsin::opsgenie {
namespace {

using http_client::HttpRequest;
using http_client::HttpResponse;

constexpr char kKey[] = "11111111-2222-4333-8444-555555555555";
constexpr char kToken[] = "token-of-ann";

OpsgenieConfig Config() {
  OpsgenieConfig config;
  config.api_key = Secret(kKey);
  return config;
}

OpsgenieConfig WithHeartbeat(absl::Duration interval = absl::Minutes(1)) {
  OpsgenieConfig config = Config();
  config.heartbeat.name = "tocsin";
  config.heartbeat.interval = interval;
  return config;
}

OpsgenieConfig Jsm() {
  OpsgenieConfig config = WithHeartbeat();
  config.profile = Profile::kJsm;
  config.api_url = "https://api.atlassian.com";
  config.heartbeat.team_id = "team-1";
  return config;
}

sim::SimOptions Options() {
  sim::SimOptions options;
  options.keys[kKey] = {};
  options.keys[kToken].kind = sim::KeyKind::kJsmToken;
  options.keys[kToken].user = "ann@example.com";
  options.cloud_id = "cloud-1";
  sim::SimHeartbeat heartbeat;
  heartbeat.name = "tocsin";
  heartbeat.interval = 3;
  options.heartbeats.push_back(heartbeat);
  return options;
}

// A watch and its account. What it tells is written down.
class World {
 public:
  explicit World(OpsgenieConfig config, sim::SimOptions options = Options())
      : sim(std::move(options)),
        config_(std::make_shared<const OpsgenieConfig>(std::move(config))),
        watch(config_, Hooks()) {}

  void Run(absl::Duration span) {
    const Timestamp end = now + span;
    for (; now < end; now = now + absl::Seconds(1)) Step();
  }
  // Requests of this kind since the last call, as seconds after the start.
  std::string Times(const std::string& method, const std::string& part) {
    std::vector<std::string> times;
    for (const sim::JournalEntry& entry : sim.journal()) {
      if (entry.number <= seen_ || entry.method != method) continue;
      if (!absl::StrContains(entry.target, part)) continue;
      times.push_back(absl::StrCat(absl::ToInt64Seconds(entry.at - kStart)));
    }
    return absl::StrJoin(times, " ");
  }
  void ForgetRequests() { seen_ = sim.journal().empty() ? 0 : sim.journal().back().number; }

  void Open(const std::string& alias, const std::string& source = "tocsin") {
    HttpRequest request = CreateAlert(Config(), Content(alias));
    const size_t at = request.body.find("\"tocsin\"");
    ASSERT_NE(at, std::string::npos);
    request.body.replace(at, 8, absl::StrCat("\"", source, "\""));
    Do(request);
  }
  void Close(const std::string& alias) {
    Do(CloseAlert(Config(), {AlertRef::Type::kAlias, alias}, ""));
  }
  size_t CountOpen(const std::string& message_part) const {
    size_t count = 0;
    for (const auto& [id, alert] : sim.alerts()) {
      count += alert.open && absl::StrContains(alert.message, message_part);
    }
    return count;
  }

  static constexpr auto kStart = Timestamp::FromMillis(1'700'000'000'000);
  Timestamp now = kStart;
  absl::Duration stepped;  // our clock, not the simulator's
  sim::SimOpsgenie sim;
  std::string trouble;
  std::vector<std::string> checks;    // "code code", one for each run
  std::vector<std::string> texts;     // all that was told
  std::vector<std::string> pings;     // outcomes
  std::vector<std::string> failures;  // of listing
  std::vector<ListedCycle> cycles;

 private:
  std::shared_ptr<const OpsgenieConfig> config_;

 public:
  AccountWatch watch;

 private:
  static PageContent Content(const std::string& alias) {
    PageContent content;
    content.alias = alias;
    content.message = alias;
    content.priority = "P1";
    return content;
  }

  AccountWatchHooks Hooks() {
    AccountWatchHooks hooks;
    hooks.trouble = [this] { return trouble; };
    hooks.pinged = [this](PingOutcome outcome, const std::string& why) {
      pings.push_back(PingOutcomeName(outcome));
      texts.push_back(why);
    };
    hooks.checked = [this](const std::vector<ProbeFinding>& findings) {
      std::vector<std::string> codes;
      for (const ProbeFinding& finding : findings) {
        codes.push_back(finding.code);
        texts.push_back(finding.text);
      }
      checks.push_back(absl::StrJoin(codes, " "));
    };
    hooks.listed = [this](const ListedCycle& cycle) { cycles.push_back(cycle); };
    hooks.listing_failed = [this](const std::string& error) {
      failures.push_back(error.empty() ? "well" : "failed");
      texts.push_back(error);
    };
    return hooks;
  }

  void Do(const HttpRequest& request) {
    ASSERT_EQ(sim.Handle(request, now).response.status, 202);
    sim.AdvanceTo(now + absl::Seconds(1));
  }

  void Step() {
    sim.AdvanceTo(now);
    while (const auto request = watch.Next(now + stepped)) {
      const sim::SimReply reply = sim.Handle(*request, now);
      absl::StatusOr<HttpResponse> answer = reply.response;
      if (reply.dropped) answer = absl::UnknownError("connection lost");
      watch.Take(answer, now + stepped);
    }
    EXPECT_GT(watch.NextDue(), now + stepped);
  }

  uint64_t seen_ = 0;
};

sim::FaultPlan Status(int status, const std::string& path_part, const std::string& method = "*") {
  sim::FaultPlan faults;
  faults.statuses.push_back({method, path_part, status, 1});
  return faults;
}

TEST(StartupCheckTest, AsksOnce) {
  OpsgenieConfig config = Config();
  config.responders = {{"team", "", "paymets", ""}};
  sim::SimOptions options = Options();
  sim::SimDirectoryEntry entry;
  ASSERT_TRUE(sim::ReadDirectoryEntry("team:payments", entry));
  options.directory = {entry};
  World world(config, options);
  world.Run(absl::Hours(2));
  EXPECT_EQ(absl::StrJoin(world.checks, ","), "no_such_responder");
  EXPECT_EQ(world.Times("POST", "/v2/alerts"), "0");
}

TEST(StartupCheckTest, AnAccountWithoutFindingsIsToldOf) {
  World world(WithHeartbeat());
  world.Run(absl::Minutes(1));
  ASSERT_EQ(world.checks.size(), 1u);
  EXPECT_EQ(world.checks[0], "");
}

TEST(StartupCheckTest, TriesAgainAfterGrowingPausesUntilThereIsAnAnswer) {
  struct Case {
    const char* name;
    sim::FaultPlan faults;
    const char* code;
    const char* times;
  };
  sim::FaultPlan outage;
  outage.outage = true;
  const Case cases[] = {
      {"outage", outage, "unreachable", "0 30 90 210 450 930 1530 2130"},
      {"500", Status(500, ""), "no_answer", "0 30 90 210 450 930 1530 2130"},
      {"503", Status(503, ""), "no_answer", "0 30 90 210 450 930 1530 2130"},
      {"429", Status(429, ""), "no_answer", "0 30 90 210 450 930 1530 2130"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    World world(Config());
    world.sim.SetFaults(c.faults);
    world.Run(absl::Seconds(2200));
    EXPECT_EQ(world.Times("POST", "/v2/alerts"), c.times);
    for (const std::string& codes : world.checks) EXPECT_EQ(codes, c.code);
    world.sim.SetFaults({});
    world.Run(absl::Minutes(10));
    EXPECT_EQ(world.checks.back(), "") << "it was reached";
    world.ForgetRequests();
    world.Run(absl::Hours(1));
    EXPECT_EQ(world.Times("POST", "/v2/alerts"), "");
  }
}

TEST(HeartbeatPingsTest, PingsAtItsInterval) {
  World world(WithHeartbeat(absl::Seconds(90)));
  world.Run(absl::Minutes(5));
  EXPECT_EQ(world.Times("POST", "/v2/heartbeats/tocsin/ping"), "0 90 180 270");
  EXPECT_EQ(world.sim.heartbeats().lost_pings(), 0);
}

TEST(HeartbeatPingsTest, WithoutOneNothingIsPinged) {
  World world(Config());
  world.Run(absl::Minutes(5));
  EXPECT_EQ(world.Times("POST", "/ping"), "");
  EXPECT_TRUE(world.pings.empty());
}

TEST(HeartbeatPingsTest, StopsWhenPagesCannotBeReliedOnAndItsAlertOpens) {
  World world(WithHeartbeat());
  world.Run(absl::Minutes(10));
  EXPECT_EQ(world.CountOpen("tocsin is expired"), 0u);
  world.trouble = "alert state cannot be written";
  world.ForgetRequests();
  world.pings.clear();
  world.Run(absl::Minutes(5));
  EXPECT_EQ(world.Times("POST", "/ping"), "");
  EXPECT_EQ(absl::StrJoin(world.pings, " "), "withheld withheld withheld withheld withheld")
      << "once for each that should have left";
  EXPECT_EQ(world.texts.back(), "alert state cannot be written");
  EXPECT_EQ(world.CountOpen("tocsin is expired"), 1u) << "somebody is told";
  world.trouble = "";
  world.ForgetRequests();
  world.Run(absl::Seconds(10));
  EXPECT_NE(world.Times("POST", "/ping"), "") << "well again is told soon";
  world.Run(absl::Minutes(1));
  EXPECT_EQ(world.CountOpen("tocsin is expired"), 0u);
}

TEST(HeartbeatPingsTest, Faults) {
  sim::FaultPlan outage, rotated;
  outage.outage = true;
  rotated.key_rotated = true;
  struct Case {
    const char* name;
    sim::FaultPlan faults;
    const char* outcome;
    const char* times;
  };
  const Case cases[] = {
      {"outage", outage, "failed", "60 65 75 95 135 195"},
      {"500", Status(500, "/ping"), "failed", "60 65 75 95 135 195"},
      {"429", Status(429, "/ping"), "throttled", "60 65 75 95 135 195"},
      {"402", Status(402, "/ping"), "refused", "60 120 180"},
      {"404", Status(404, "/ping"), "refused", "60 120 180"},
      {"401", rotated, "refused", "60 120 180"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    World world(WithHeartbeat());
    world.Run(absl::Seconds(30));
    world.ForgetRequests();
    world.pings.clear();
    world.sim.SetFaults(c.faults);
    world.Run(absl::Seconds(170));
    EXPECT_EQ(world.Times("POST", "/ping"), c.times);
    ASSERT_FALSE(world.pings.empty());
    for (const std::string& outcome : world.pings) EXPECT_EQ(outcome, c.outcome);
    world.sim.SetFaults({});
    world.Run(absl::Minutes(2));
    EXPECT_EQ(world.pings.back(), "sent");
  }
}

TEST(HeartbeatPingsTest, WhatIsNotOpsgenieIsNotPinged) {
  std::vector<std::string> told;
  HeartbeatPings pings(
      std::make_shared<const OpsgenieConfig>(WithHeartbeat()), [] { return ""; },
      [&](PingOutcome outcome, const std::string&) { told.push_back(PingOutcomeName(outcome)); });
  ASSERT_TRUE(pings.Next(World::kStart));
  pings.Take(HttpResponse{200, {}, "<html>welcome</html>"}, World::kStart);
  EXPECT_EQ(absl::StrJoin(told, " "), "refused");
}

TEST(HeartbeatPingsTest, TheClockMayBeSet) {
  for (const absl::Duration step : {absl::Hours(5), -absl::Hours(5)}) {
    World world(WithHeartbeat());
    world.Run(absl::Minutes(5));
    world.stepped = step;
    world.watch.ClockStepped(step);
    world.ForgetRequests();
    world.Run(absl::Minutes(3));
    EXPECT_EQ(world.Times("POST", "/ping"), "300 360 420");
    EXPECT_EQ(world.Times("GET", "/v2/alerts"), "300 360 420");
    EXPECT_EQ(world.CountOpen("expired"), 0u);
  }
}

TEST(AlertListingTest, AMinuteShowsAllWhenThereAreFew) {
  World world(Config());
  world.Open("a");
  world.Open("b");
  world.Open("c");
  world.Close("b");
  world.Open("theirs", "somebody");
  world.now = world.now + absl::Seconds(5);
  world.Run(absl::Minutes(2));
  ASSERT_EQ(world.cycles.size(), 2u);
  const ListedCycle& cycle = world.cycles[0];
  EXPECT_TRUE(cycle.complete);
  EXPECT_EQ(cycle.began, World::kStart + absl::Seconds(5));
  std::set<std::string> aliases;
  for (const RemoteAlert& alert : cycle.alerts) aliases.insert(alert.alias);
  EXPECT_EQ(aliases, (std::set<std::string>{"a", "c"}));
  EXPECT_EQ(world.Times("GET", "/v2/alerts"), "5 65");
}

TEST(AlertListingTest, ManyTakeARequestAMinuteUntilAllAreSeen) {
  World world(Config());
  for (int i = 0; i < 250; ++i) world.Open(absl::StrCat("alert ", i));
  world.now = world.now + absl::Seconds(5);
  world.Run(absl::Minutes(6));
  EXPECT_EQ(world.Times("GET", "/v2/alerts"), "5 65 125 185 245 305");
  ASSERT_EQ(world.cycles.size(), 2u);
  for (const ListedCycle& cycle : world.cycles) {
    EXPECT_TRUE(cycle.complete);
    EXPECT_EQ(cycle.alerts.size(), 250u);
  }
  EXPECT_EQ(world.cycles[1].began, World::kStart + absl::Seconds(185));
}

// Closing alerts move the others across the border of two pages.
TEST(AlertListingTest, WhatStaysOpenIsNeverMissed) {
  for (const int closing : {5, 60, 95, 150}) {
    SCOPED_TRACE(closing);
    World world(Config());
    for (int i = 0; i < 250; ++i) {
      world.Open(absl::StrCat("alert ", i));
      world.now = world.now + absl::Milliseconds(10);  // in this order
    }
    world.now = world.now + absl::Seconds(5);
    world.Run(absl::Seconds(30));
    for (int i = 0; i < closing; ++i) world.Close(absl::StrCat("alert ", i));
    world.Run(absl::Minutes(5));
    ASSERT_FALSE(world.cycles.empty());
    EXPECT_TRUE(world.cycles[0].complete);
    std::set<std::string> aliases;
    for (const RemoteAlert& alert : world.cycles[0].alerts) aliases.insert(alert.alias);
    for (int i = closing; i < 250; ++i) {
      EXPECT_TRUE(aliases.count(absl::StrCat("alert ", i))) << i;
    }
  }
}

TEST(AlertListingTest, Faults) {
  struct Case {
    const char* name;
    int status;
    const char* times;  // while the fault lasts, and after it
  };
  const Case cases[] = {
      {"401", 401, "0 600 1200 1800 2400 2460"},  {"402", 402, "0 600 1200 1800 2400 2460"},
      {"403", 403, "0 600 1200 1800 2400 2460"},  {"404", 404, "0 600 1200 1800 2400 2460"},
      {"422", 422, "0 600 1200 1800 2400 2460"},  {"429", 429, "0 60 180 420 900 1500 2100 2160"},
      {"500", 500, "0 60 180 420 900 1500 2100"}, {"504", 504, "0 60 180 420 900 1500 2100"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    World world(Config());
    world.Open("a");
    world.sim.SetFaults(Status(c.status, "/v2/alerts", "GET"));
    world.Run(absl::Seconds(2000));
    EXPECT_TRUE(world.cycles.empty());
    world.sim.SetFaults({});
    world.Run(absl::Seconds(500));
    EXPECT_TRUE(absl::StartsWith(world.Times("GET", "/v2/alerts"), c.times))
        << world.Times("GET", "/v2/alerts");
    ASSERT_FALSE(world.cycles.empty());
    EXPECT_EQ(world.cycles.back().alerts.size(), 1u);
    EXPECT_EQ(world.failures.back(), "well");
    EXPECT_EQ(std::count(world.failures.begin(), world.failures.end(), "well"), 1);
  }
}

std::string ListBody(size_t first, size_t count) {
  std::vector<std::string> alerts;
  for (size_t i = first; i < first + count; ++i) {
    alerts.push_back(absl::StrCat(R"({"id":"id-)", i, R"(","alias":"a","status":"open"})"));
  }
  return absl::StrCat(R"({"data":[)", absl::StrJoin(alerts, ","), "]}");
}

TEST(AlertListingTest, WhatCannotBeReadThroughIsIncomplete) {
  std::vector<ListedCycle> cycles;
  AlertListing listing(
      std::make_shared<const OpsgenieConfig>(Config()),
      [&](const ListedCycle& cycle) { cycles.push_back(cycle); }, [](const std::string&) {});
  Timestamp now = World::kStart;
  size_t requests = 0;
  const auto answer = [&](const std::string& body) {
    now = std::max(now, listing.NextDue());
    ASSERT_TRUE(listing.Next(now));
    listing.Take(HttpResponse{200, {}, body}, now);
    ++requests;
  };
  // More than can be listed: the last page that may be asked for ends at the reach.
  for (size_t offset = 0; cycles.empty(); offset += 90) answer(ListBody(offset, 100));
  EXPECT_FALSE(cycles[0].complete);
  EXPECT_EQ(requests, (20000u - 100) / 90 + 1);
  EXPECT_EQ(cycles[0].alerts.size(), (requests - 1) * 90 + 100);
  // All is new each time.
  for (size_t offset = 0; cycles.size() == 1; offset += 1000) answer(ListBody(offset, 100));
  EXPECT_FALSE(cycles[1].complete);
  // An entry that is not understood may be any.
  answer(R"({"data":[{"alias":"a"}]})");
  ASSERT_EQ(cycles.size(), 3u);
  EXPECT_FALSE(cycles[2].complete);
  // Another answer altogether is none.
  const Timestamp before = now;
  answer("<html>welcome</html>");
  EXPECT_EQ(cycles.size(), 3u);
  EXPECT_GE(listing.NextDue() - before, absl::Minutes(10));
}

TEST(AccountWatchTest, OfJsmOnlyTheKeyIsChecked) {
  World world(Jsm());
  world.Run(absl::Minutes(5));
  EXPECT_EQ(absl::StrJoin(world.checks, ","), "");
  EXPECT_EQ(world.checks.size(), 1u);
  EXPECT_EQ(world.sim.journal().size(), 1u);
  EXPECT_EQ(world.watch.NextDue(), Timestamp::Max());
}

TEST(AccountWatchTest, OfJsmTheRestGoesToItsRestApi) {
  OpsgenieConfig config = Jsm();
  config.jsm_rest = {"cloud-1", "ann@example.com", Secret(kToken)};
  World world(config);
  world.Open("a");
  world.now = world.now + absl::Seconds(5);
  world.Run(absl::Minutes(2));
  EXPECT_EQ(world.Times("GET", "/jsm/ops/api/cloud-1/v1/teams/team-1/heartbeats/ping"), "5 65");
  EXPECT_EQ(absl::StrJoin(world.pings, " "), "sent sent");
  ASSERT_EQ(world.cycles.size(), 2u);
  EXPECT_EQ(world.cycles[0].alerts.size(), 1u);
}

// A server may say in its answer what it was sent.
TEST(AccountWatchTest, NothingThatIsToldHoldsASecret) {
  OpsgenieConfig rest = Jsm();
  rest.jsm_rest = {"cloud-1", "ann@example.com", Secret(kToken)};
  OpsgenieConfig bearer = rest;
  bearer.jsm_rest.user = "";
  for (const OpsgenieConfig& config : {WithHeartbeat(), rest, bearer}) {
    World world(config);
    for (int i = 0; i < 3; ++i) {
      const auto request = world.watch.Next(world.now);
      ASSERT_TRUE(request) << i;
      const std::string sent = request->headers.at(0).value;  // "GenieKey KEY"
      ASSERT_EQ(request->headers[0].name, "Authorization");
      const std::string credentials = sent.substr(sent.find(' ') + 1);
      const std::string echo = absl::StrCat(R"({"message":"who is )", credentials, R"("})");
      world.texts.clear();
      world.watch.Take(HttpResponse{402, {}, echo}, world.now);
      ASSERT_FALSE(world.texts.empty()) << i;
      EXPECT_FALSE(absl::StrContains(world.texts[0], credentials)) << world.texts[0];
      EXPECT_TRUE(absl::StrContains(world.texts[0], "<redacted>")) << world.texts[0];
    }
  }
}

TEST(AccountWatchTest, PingsComeFirst) {
  World world(WithHeartbeat());
  const auto first = world.watch.Next(world.now);
  ASSERT_TRUE(first);
  EXPECT_TRUE(absl::EndsWith(first->url, "/v2/heartbeats/tocsin/ping")) << first->url;
}

}  // namespace
}  // namespace tocsin::opsgenie
