#include "integrations/opsgenie/probe.h"

#include <gtest/gtest.h>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/opsgenie_sim/sim_opsgenie.h"

namespace tocsin::opsgenie {
namespace {

using http_client::HttpRequest;
using http_client::HttpResponse;

constexpr char kKey[] = "11111111-2222-4333-8444-555555555555";
constexpr auto kNow = Timestamp::FromMillis(1'700'000'000'000);

OpsgenieConfig Config() {
  OpsgenieConfig config;
  config.api_key = Secret(kKey);
  return config;
}

sim::SimOptions Options() {
  sim::SimOptions options;
  options.keys[kKey] = {};
  for (const char* text : {"team:payments", "user:ann@example.com", "schedule:nights@payments",
                           "escalation:managers"}) {
    sim::SimDirectoryEntry entry;
    EXPECT_TRUE(sim::ReadDirectoryEntry(text, entry));
    options.directory.push_back(entry);
  }
  sim::SimHeartbeat heartbeat;
  heartbeat.name = "on";
  options.heartbeats.push_back(heartbeat);
  heartbeat.name = "off";
  heartbeat.enabled = false;
  options.heartbeats.push_back(heartbeat);
  return options;
}

// What a probe finds with a simulator in place of the network.
std::vector<ProbeFinding> Ask(const OpsgenieConfig& config, const std::string& heartbeat,
                              sim::SimOpsgenie& sim) {
  Probe probe(config, heartbeat);
  while (const auto request = probe.Next()) probe.Take(sim.Handle(*request, kNow).response);
  sim.AdvanceTo(kNow + absl::Hours(1));
  EXPECT_TRUE(sim.alerts().empty()) << "a probe pages nobody";
  for (const ProbeFinding& finding : probe.findings()) {
    EXPECT_FALSE(absl::StrContains(finding.text, kKey)) << finding.text;
  }
  return probe.findings();
}

std::string Codes(const std::vector<ProbeFinding>& findings) {
  return absl::StrJoin(findings, " ", [](std::string* out, const ProbeFinding& finding) {
    absl::StrAppend(out, finding.code);
  });
}

const ResponderTemplate kTeam{"team", "", "payments", ""};
const ResponderTemplate kUser{"user", "", "", "ann@example.com"};
const ResponderTemplate kSchedule{"schedule", "", "nights", ""};
const ResponderTemplate kEscalation{"escalation", "", "managers", ""};
const ResponderTemplate kNobody{"team", "", "paymets", ""};

TEST(ProbeTest, FindsNothingWhereNothingIsWrong) {
  OpsgenieConfig config = Config();
  config.responders = {kTeam, kUser, kSchedule, kEscalation};
  sim::SimOpsgenie sim(Options());
  EXPECT_EQ(Codes(Ask(config, "on", sim)), "");
  for (const sim::JournalEntry& entry : sim.journal()) {
    EXPECT_FALSE(absl::StartsWith(entry.verdict, "refused")) << entry.target << entry.verdict;
  }
}

// Who a template will name is not known before there is a page.
TEST(ProbeTest, AsksForRespondersThatAreTheSameForEveryPage) {
  OpsgenieConfig config = Config();
  config.responders = {{"team", "", "{{ .Labels.team }}", ""}, kNobody, {"{{ .x }}", "", "a", ""}};
  sim::SimOpsgenie sim(Options());
  EXPECT_EQ(Codes(Ask(config, "", sim)), "no_such_responder");
  config.responders = {{"team", "", "{{ .Labels.team }}", ""}};
  EXPECT_EQ(Codes(Ask(config, "", sim)), "");
}

TEST(ProbeTest, NamesWhatDoesNotExist) {
  OpsgenieConfig config = Config();
  config.responders = {kTeam, kNobody, {"user", "", "", "bob@example.com"}};
  sim::SimOpsgenie sim(Options());
  const auto findings = Ask(config, "none", sim);
  ASSERT_EQ(Codes(findings), "no_such_responder no_such_responder no_such_heartbeat");
  EXPECT_TRUE(absl::StrContains(findings[0].text, "team \"paymets\"")) << findings[0].text;
  EXPECT_TRUE(absl::StrContains(findings[1].text, "user \"bob@example.com\""));
  EXPECT_TRUE(absl::StrContains(findings[2].text, "heartbeat \"none\""));
  EXPECT_EQ(findings[0].level, ProbeFinding::Level::kError);
  EXPECT_EQ(Codes(Ask(Config(), "off", sim)), "heartbeat_disabled");
}

TEST(ProbeTest, SaysThatATeamsKeyIgnoresResponders) {
  OpsgenieConfig config = Config();
  config.responders = {kTeam, kEscalation};
  sim::SimOptions options = Options();
  options.keys[kKey] = {sim::KeyKind::kTeam, "main", "payments", true};
  sim::SimOpsgenie sim(options);
  EXPECT_EQ(Codes(Ask(config, "on", sim)), "responders_ignored responder_unchecked");
  EXPECT_EQ(Codes(Ask(Config(), "", sim)), "") << "without responders there is nothing to ignore";
}

struct KeyCase {
  const char* name;
  sim::SimKey key;
  const char* codes;
  const char* text;  // part of it
};

TEST(ProbeTest, SaysWhatIsWrongWithTheKey) {
  const auto key = [](sim::KeyKind kind) {
    sim::SimKey made;
    made.kind = kind;
    return made;
  };
  sim::SimKey disabled;
  disabled.enabled = false;
  sim::SimKey eu;
  eu.region = "eu";
  sim::SimKey of_jsm;
  of_jsm.product = "jsm";
  const KeyCase cases[] = {
      {"management", key(sim::KeyKind::kManagement), "wrong_key_kind", "API management key"},
      {"read-only", key(sim::KeyKind::kReadOnly), "restricted_key", "may not close"},
      {"disabled", disabled, "wrong_key", "turned off"},
      {"other region", eu, "wrong_key", "https://api.eu.opsgenie.com"},
      {"of JSM", of_jsm, "wrong_key", "profile: jsm"},
      {"write-only", key(sim::KeyKind::kWriteOnly),
       "responders_ignored responder_unchecked heartbeat_unchecked", "team"},
  };
  for (const KeyCase& c : cases) {
    SCOPED_TRACE(c.name);
    sim::SimOptions options = Options();
    options.keys[kKey] = c.key;
    sim::SimOpsgenie sim(options);
    OpsgenieConfig config = Config();
    config.responders = {kTeam};
    const auto findings = Ask(config, "on", sim);
    EXPECT_EQ(Codes(findings), c.codes);
    ASSERT_FALSE(findings.empty());
    EXPECT_TRUE(absl::StrContains(findings[0].text, c.text)) << findings[0].text;
  }
  OpsgenieConfig config = Config();
  config.api_key = Secret("not-a-uuid");
  sim::SimOpsgenie sim(Options());
  EXPECT_TRUE(absl::StrContains(Ask(config, "", sim)[0].text, "ill-formed"));
  config = Config();
  config.api_url = "https://api.eu.opsgenie.com";
  config.api_key = Secret("99999999-2222-4333-8444-555555555555");
  EXPECT_TRUE(absl::StrContains(Ask(config, "", sim)[0].text, "https://api.opsgenie.com"));
}

TEST(ProbeTest, SaysWhatIsWrongWithThePlace) {
  struct Case {
    const char* name;
    Profile profile;
    const char* api_url;
    int status;
    const char* codes;
    const char* text;
  };
  const Case cases[] = {
      {"JSM at OpsGenie", Profile::kJsm, "https://api.opsgenie.com", 404, "wrong_profile",
       "profile: opsgenie"},
      {"OpsGenie at JSM", Profile::kOpsgenie, "https://api.atlassian.com", 404, "wrong_profile",
       "profile: jsm"},
      {"OpsGenie at JSM", Profile::kOpsgenie, "https://api.atlassian.com", 405, "wrong_profile",
       "profile: jsm"},
      {"a path too much", Profile::kOpsgenie, "https://api.opsgenie.com/v2", 404, "wrong_url",
       "the host alone"},
      {"not OpsGenie", Profile::kOpsgenie, "https://example.com", 200, "wrong_url", "no alert API"},
      {"a key of OpsGenie at JSM", Profile::kJsm, "https://api.atlassian.com", 401, "wrong_key",
       "Jira Service Management"},
      {"elsewhere", Profile::kOpsgenie, "https://example.com", 402, "wrong_url", "402"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    OpsgenieConfig config = Config();
    config.profile = c.profile;
    config.api_url = c.api_url;
    Probe probe(config, "on");
    ASSERT_TRUE(probe.Next());
    probe.Take(HttpResponse{c.status, {}, "{}"});
    EXPECT_FALSE(probe.Next()) << "nothing else could be learned";
    ASSERT_EQ(Codes(probe.findings()), c.codes);
    EXPECT_TRUE(absl::StrContains(probe.findings()[0].text, c.text)) << probe.findings()[0].text;
    EXPECT_EQ(probe.findings()[0].level, ProbeFinding::Level::kError);
  }
}

TEST(ProbeTest, AServerThatIsAwayIsNoError) {
  const absl::StatusOr<HttpResponse> answers[] = {absl::UnavailableError("no such host"),
                                                  HttpResponse{503, {}, "{}"},
                                                  HttpResponse{429, {}, ""}};
  for (const auto& answer : answers) {
    Probe probe(Config(), "on");
    probe.Take(answer);
    EXPECT_FALSE(probe.Next());
    ASSERT_EQ(probe.findings().size(), 1u);
    EXPECT_EQ(probe.findings()[0].level, ProbeFinding::Level::kWarning);
  }
}

TEST(ProbeTest, OfJsmOnlyTheKeyIsAsked) {
  OpsgenieConfig config = Config();
  config.profile = Profile::kJsm;
  config.responders = {kNobody};
  sim::SimOpsgenie sim(Options());
  EXPECT_EQ(Codes(Ask(config, "none", sim)), "");
  EXPECT_EQ(sim.journal().size(), 1u);
}

}  // namespace
}  // namespace tocsin::opsgenie
