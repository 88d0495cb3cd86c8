// What we ask of an open alert beside its fields, searching, heartbeats and JSM's REST API: each
// request is also put to the strict simulator.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "integrations/opsgenie/heartbeat.h"
#include "integrations/opsgenie/request.h"
#include "integrations/opsgenie/search_request.h"
#include "tests/opsgenie_sim/sim_opsgenie.h"

namespace tocsin::opsgenie {
namespace {

using http_client::HttpRequest;
using http_client::HttpResponse;

constexpr char kKey[] = "11111111-2222-4333-8444-555555555555";
constexpr char kToken[] = "secret-token";
constexpr auto kNow = Timestamp::FromMillis(1'700'000'000'000);
constexpr char kHost[] = "https://api.opsgenie.com/v2";
constexpr char kRest[] = "https://api.atlassian.com/jsm/ops/api/cloud-1/v1";
constexpr char kEvents[] = "https://api.atlassian.com/jsm/ops/integration/v2";

OpsgenieConfig Config() {
  OpsgenieConfig config;
  config.api_key = Secret(kKey);
  return config;
}

OpsgenieConfig Jsm() {
  OpsgenieConfig config = Config();
  config.profile = Profile::kJsm;
  config.api_url = "https://api.atlassian.com";
  config.jsm_rest = {"cloud-1", "ann@example.com", Secret(kToken)};
  return config;
}

sim::SimOptions StrictSim() {
  sim::SimOptions options;
  options.keys[kKey] = {};
  options.keys[kToken].kind = sim::KeyKind::kJsmToken;
  options.keys[kToken].user = "ann@example.com";
  options.cloud_id = "cloud-1";
  options.strict_details = options.strict_unknown_fields = true;
  return options;
}

const AlertRef kId{AlertRef::Type::kId, "x-1"};
const AlertRef kAlias{AlertRef::Type::kAlias, "a/b"};
const Responder kTeam{Responder::Type::kTeam, "", "payments", ""};
const Responder kUser{Responder::Type::kUser, "", "", "ann@example.com"};
const Responder kEscalation{Responder::Type::kEscalation, "", "managers", ""};

struct Case {
  const char* name;
  HttpRequest request;
  const char* method;
  std::string url;
  const char* body;  // "": none
};

std::vector<Case> OpsgenieCases() {
  const OpsgenieConfig config = Config();
  const std::string id = absl::StrCat(kHost, "/alerts/x-1");
  const std::string by_id = "?identifierType=id";
  return {
      {"acknowledge", Acknowledge(config, kId, ""), "POST", id + "/acknowledge" + by_id, "{}"},
      {"acknowledge with a note", Acknowledge(config, kAlias, "n"), "POST",
       absl::StrCat(kHost, "/alerts/a%2Fb/acknowledge?identifierType=alias"),
       R"({"note":"n","source":"tocsin"})"},
      {"unacknowledge", Unacknowledge(config, kId, ""), "POST", id + "/unacknowledge" + by_id,
       "{}"},
      {"snooze", Snooze(config, kId, kNow + absl::Hours(1), ""), "POST", id + "/snooze" + by_id,
       R"({"endTime":"2023-11-14T23:13:20.000Z","source":"tocsin"})"},
      {"escalate", EscalateToNext(config, kId, kEscalation, "n"), "POST", id + "/escalate" + by_id,
       R"({"escalation":{"name":"managers"},"note":"n","source":"tocsin"})"},
      {"assign", Assign(config, kId, kUser, ""), "POST", id + "/assign" + by_id,
       R"({"owner":{"username":"ann@example.com"},"source":"tocsin"})"},
      {"add a team", AddResponder(config, kId, kTeam, ""), "POST", id + "/responders" + by_id,
       R"({"responder":{"name":"payments","type":"team"},"source":"tocsin"})"},
      {"add a user", AddResponder(config, kId, kUser, ""), "POST", id + "/responders" + by_id,
       R"({"responder":{"type":"user","username":"ann@example.com"},"source":"tocsin"})"},
      {"list", ListAlerts(config, {}, 100), "GET",
       absl::StrCat(kHost, "/alerts?query=status%3A%20open%20AND%20source%3A%20%22tocsin%22",
                    "&offset=100&limit=100&sort=createdAt&order=asc"),
       ""},
      {"count", CountAlerts(config, {.ours_only = false}), "GET",
       absl::StrCat(kHost, "/alerts/count?query=status%3A%20open"), ""},
      {"ping", PingHeartbeat(config, {"a b", ""}), "POST",
       absl::StrCat(kHost, "/heartbeats/a%20b/ping"), ""},
      {"heartbeat", GetHeartbeat(config, "a b"), "GET", absl::StrCat(kHost, "/heartbeats/a%20b"),
       ""},
  };
}

std::vector<Case> JsmCases() {
  const OpsgenieConfig config = Jsm();
  const std::string id = absl::StrCat(kRest, "/alerts/x-1");
  return {
      {"acknowledge", Acknowledge(config, kAlias, ""), "POST",
       absl::StrCat(kEvents, "/alerts/a%2Fb/acknowledge?identifierType=alias"), "{}"},
      {"close", CloseAlert(config, kId, ""), "POST",
       absl::StrCat(kEvents, "/alerts/x-1/close?identifierType=id"), "{}"},
      {"request status", GetRequestStatus(config, "r"), "GET",
       absl::StrCat(kEvents, "/alerts/requests/r"), ""},
      {"unacknowledge", Unacknowledge(config, kId, "n"), "POST", id + "/unacknowledge", ""},
      {"snooze", Snooze(config, kId, kNow + absl::Hours(1), "n"), "POST", id + "/snooze",
       R"({"endTime":"2023-11-14T23:13:20.000Z"})"},
      {"priority", SetPriority(config, kId, "P1"), "PATCH", id + "/priority",
       R"({"priority":"P1"})"},
      {"message", SetMessage(config, kId, "m"), "PATCH", id + "/message", R"({"message":"m"})"},
      {"description", SetDescription(config, kId, "d"), "PATCH", id + "/description",
       R"({"description":"d"})"},
      {"details", AddDetails(config, kId, {{"k", "v"}}), "POST", id + "/extra-properties",
       R"({"extraProperties":{"k":"v"}})"},
      {"tags", AddTags(config, kId, {"t"}), "POST", id + "/tags", R"({"tags":["t"]})"},
      {"remove tags", RemoveTags(config, kId, {"t"}), "DELETE", id + "/tags", R"({"tags":["t"]})"},
      {"get", GetAlert(config, kId), "GET", id, ""},
      {"get by alias", GetAlert(config, kAlias), "GET",
       absl::StrCat(kRest, "/alerts/alias?alias=a%2Fb"), ""},
      {"list", ListAlerts(config, {.ours_only = false, .alias = "a"}, 0), "GET",
       absl::StrCat(kRest, "/alerts?query=status%3A%20open%20AND%20alias%3A%20%22a%22",
                    "&offset=0&size=100&sort=createdAt&order=asc"),
       ""},
      {"ping", PingHeartbeat(config, {"a b", "team-1"}), "GET",
       absl::StrCat(kRest, "/teams/team-1/heartbeats/ping?name=a%20b"), ""},
  };
}

void ExpectCase(const Case& c) {
  SCOPED_TRACE(c.name);
  EXPECT_EQ(c.request.method, c.method);
  EXPECT_EQ(c.request.url, c.url);
  EXPECT_EQ(c.request.body, c.body);
  for (const char* secret : {kKey, kToken}) {
    EXPECT_FALSE(absl::StrContains(c.request.url + c.request.body, secret));
  }
  // Nothing of it is refused; 404: there is no such alert.
  sim::SimOpsgenie sim(StrictSim());
  const int status = sim.Handle(c.request, kNow).response.status;
  EXPECT_TRUE(status == 200 || status == 202 || status == 404) << status;
  EXPECT_FALSE(absl::StartsWith(sim.journal().back().verdict, "refused"))
      << sim.journal().back().verdict;
}

TEST(ActionRequestTest, Opsgenie) {
  for (const Case& c : OpsgenieCases()) ExpectCase(c);
}

TEST(ActionRequestTest, Jsm) {
  for (const Case& c : JsmCases()) ExpectCase(c);
}

TEST(ActionRequestTest, JsmSaysWhoAsks) {
  OpsgenieConfig config = Jsm();
  const auto authorization = [&] { return GetAlert(config, kId).headers[0].value; };
  EXPECT_EQ(authorization(),
            absl::StrCat("Basic ", absl::Base64Escape("ann@example.com:secret-token")));
  config.jsm_rest.user.clear();
  EXPECT_EQ(authorization(), "Bearer secret-token");
  EXPECT_EQ(CloseAlert(config, kId, "").headers[0].value, absl::StrCat("GenieKey ", kKey));
  config.api_url = "https://api.atlassian.com/jsm/ops/integration/";
  EXPECT_EQ(GetAlert(config, kId).url, absl::StrCat(kRest, "/alerts/x-1"));
}

TEST(ActionRequestTest, WhatEachApiCan) {
  OpsgenieConfig jsm = Jsm();
  EXPECT_TRUE(CapabilitiesOf(jsm).lookup);
  EXPECT_TRUE(CapabilitiesOf(jsm).field_updates);
  EXPECT_FALSE(CapabilitiesOf(jsm).escalation);
  EXPECT_FALSE(CapabilitiesOf(jsm).by_alias);
  jsm.jsm_rest = {};
  EXPECT_FALSE(CapabilitiesOf(jsm).lookup);
  EXPECT_FALSE(CapabilitiesOf(jsm).list);
  const Capabilities opsgenie = CapabilitiesOf(Config());
  EXPECT_TRUE(opsgenie.lookup && opsgenie.escalation && opsgenie.by_alias && opsgenie.heartbeat);
  EXPECT_TRUE(CanBeAdded(Responder::Type::kTeam) && CanBeAdded(Responder::Type::kUser));
  EXPECT_FALSE(CanBeAdded(Responder::Type::kEscalation));
  EXPECT_FALSE(CanBeAdded(Responder::Type::kSchedule));
}

TEST(SearchRequestTest, QuotesWhatItSearches) {
  EXPECT_EQ(SearchQuery({.open_only = false, .ours_only = false}), "");
  EXPECT_EQ(SearchQuery({.open_only = false, .ours_only = false, .alias = R"(a "b" \c)"}),
            R"(alias: "a \"b\" \\c")");
  EXPECT_EQ(SearchQuery({.ours_only = false, .tag = "t"}), R"(status: open AND tag: "t")");
  EXPECT_FALSE(absl::StrContains(SearchQuery({.alias = std::string(600, 'a')}), "aaa"))
      << "an alias goes out as in every request";
}

// Finds exactly what is ours and open, over several pages, with the simulator.
TEST(SearchRequestTest, ListsOurOpenAlerts) {
  sim::SimOpsgenie sim(StrictSim());
  const OpsgenieConfig config = Config();
  PageContent content;
  content.message = "m";
  content.priority = "P3";
  for (int i = 0; i < 150; ++i) {
    content.alias = absl::StrCat("a\"", i);
    sim.Handle(CreateAlert(config, content), kNow + absl::Milliseconds(i));
  }
  content.alias = "minimal";  // says nothing of us
  sim.Handle(CreateMinimalAlert(config, content), kNow);
  sim.AdvanceTo(kNow + absl::Seconds(1));
  sim.Handle(CloseAlert(config, {AlertRef::Type::kAlias, "a\"7"}, ""), kNow + absl::Seconds(1));
  const Timestamp later = kNow + absl::Seconds(2);
  std::vector<std::string> aliases;
  for (size_t offset = 0;; offset += kListLimit) {
    const auto page = ParseAlertList(sim.Handle(ListAlerts(config, {}, offset), later).response);
    ASSERT_TRUE(page);
    EXPECT_EQ(page->skipped, 0u);
    for (const RemoteAlert& alert : page->alerts) {
      EXPECT_TRUE(alert.open);
      EXPECT_EQ(alert.source, "tocsin");
      aliases.push_back(alert.alias);
    }
    if (page->alerts.size() < kListLimit) break;
  }
  EXPECT_EQ(aliases.size(), 149u);
  EXPECT_EQ(aliases.front(), "a\"0");
  const AlertSearch minimal{.ours_only = false, .alias = "minimal"};
  EXPECT_EQ(
      ParseAlertList(sim.Handle(ListAlerts(config, minimal, 0), later).response)->alerts.size(),
      1u);
  const AlertSearch one{.alias = "a\"8"};
  EXPECT_EQ(ParseAlertList(sim.Handle(ListAlerts(config, one, 0), later).response)->alerts.size(),
            1u);
  EXPECT_EQ(ParseCount(sim.Handle(CountAlerts(config, {}), later).response), 149);
}

TEST(ParseTest, EverythingAboutAnAlert) {
  const auto alert = ParseAlert({200, {}, R"({"data":{"id":"i","alias":"a","status":"open",
      "acknowledged":true,"owner":"ann@example.com","snoozed":true,
      "snoozedUntil":"2023-11-14T22:13:20Z","createdAt":"2023-11-14T22:13:20.5Z","count":7,
      "source":"tocsin","tags":["t",1],"details":{"k":"v","n":1}}})"});
  ASSERT_TRUE(alert);
  EXPECT_EQ(alert->alias, "a");
  EXPECT_TRUE(alert->open && alert->acknowledged && alert->snoozed);
  EXPECT_EQ(alert->owner, "ann@example.com");
  EXPECT_EQ(alert->snoozed_until, kNow);
  EXPECT_EQ(alert->created_at, kNow + absl::Milliseconds(500));
  EXPECT_EQ(alert->count, 7);
  EXPECT_EQ(alert->tags, std::vector<std::string>{"t"});
  EXPECT_EQ(alert->details, (std::map<std::string, std::string>{{"k", "v"}}));
  const auto jsm =
      ParseAlert({200, {}, R"({"id":"i","status":"acked","extraProperties":{"k":"v"}})"});
  ASSERT_TRUE(jsm);
  EXPECT_TRUE(jsm->open && jsm->acknowledged);
  EXPECT_EQ(jsm->details.at("k"), "v");
  const auto wrong =
      ParseAlert({200, {}, R"({"id":"i","status":1,"acknowledged":"yes","count":"7","tags":{}})"});
  ASSERT_TRUE(wrong);
  EXPECT_FALSE(wrong->open || wrong->acknowledged);
  EXPECT_EQ(wrong->count, 0);
}

TEST(ParseTest, Lists) {
  const auto page = ParseAlertList({200, {}, R"({"data":[{"id":"i"},{},7,{"id":"j"}]})"});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->alerts.size(), 2u);
  EXPECT_EQ(page->skipped, 2u);
  EXPECT_EQ(ParseAlertList({200, {}, R"({"values":[{"id":"i"}],"count":1})"})->alerts.size(), 1u);
  for (const char* body : {"", "[]", "{}", R"({"data":{}})", R"({"values":7})"}) {
    EXPECT_FALSE(ParseAlertList({200, {}, body})) << body;
  }
  EXPECT_EQ(ParseCount({200, {}, R"({"data":{"count":3}})"}), 3);
  EXPECT_FALSE(ParseCount({200, {}, R"({"data":{"count":"3"}})"}));
}

TEST(ParseTest, Heartbeats) {
  const auto heartbeat = ParseHeartbeat({200, {}, R"({"data":{"name":"h","enabled":true,
      "expired":false,"lastPingTime":"2023-11-14T22:13:20Z"}})"});
  ASSERT_TRUE(heartbeat);
  EXPECT_TRUE(heartbeat->enabled);
  EXPECT_FALSE(heartbeat->expired);
  EXPECT_EQ(heartbeat->last_ping, kNow);
  EXPECT_FALSE(ParseHeartbeat({200, {}, R"({"data":{}})"}));
}

}  // namespace
}  // namespace tocsin::opsgenie
