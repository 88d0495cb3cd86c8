#include "tests/opsgenie_sim/sim_opsgenie.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/opsgenie_sim/sim_in_hand.h"
#include "tests/opsgenie_sim/sim_json.h"

namespace tocsin::sim {
namespace {

using http_client::HttpResponse;

std::string Repeat(const std::string& text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

struct CreateCase {
  const char* name;
  Json body;
  std::string bad_field;  // "" = accepted
};

std::vector<CreateCase> CreateCases() {
  const auto with = [](const char* field, Json value) {
    return Json{{"message", "m"}, {field, std::move(value)}};
  };
  const Json tag51 = Json::array({Repeat("t", 51)});
  Json many_tags = Json::array(), many_actions = Json::array(), many_teams = Json::array();
  for (int i = 0; i < 21; ++i) many_tags.push_back(absl::StrCat("t", i));
  for (int i = 0; i < 11; ++i) many_actions.push_back("a");
  for (int i = 0; i < 51; ++i) many_teams.push_back({{"type", "team"}, {"name", "x"}});
  return {
      {"minimal", {{"message", "m"}}, ""},
      {"no message", {{"alias", "a"}}, "message"},
      {"blank message", {{"message", " \t"}}, "message"},
      {"message is a number", {{"message", 3}}, "message"},
      {"130 code points", {{"message", Repeat("\xc3\xa9", 130)}}, ""},
      {"131 code points", {{"message", Repeat("\xc3\xa9", 131)}}, "message"},
      {"alias 512", with("alias", Repeat("a", 512)), ""},
      {"alias 513", with("alias", Repeat("a", 513)), "alias"},
      {"description 15001", with("description", Repeat("d", 15001)), "description"},
      {"entity 513", with("entity", Repeat("e", 513)), "entity"},
      {"source 101", with("source", Repeat("s", 101)), "source"},
      {"user 101", with("user", Repeat("u", 101)), "user"},
      {"note 25001", with("note", Repeat("n", 25001)), "note"},
      {"tag of 51", with("tags", tag51), "tags"},
      {"21 tags", with("tags", many_tags), "tags"},
      {"tags as text", with("tags", "a,b"), "tags"},
      {"tag is a number", with("tags", Json::array({1})), "tags"},
      {"11 actions", with("actions", many_actions), "actions"},
      {"priority P6", with("priority", "P6"), "priority"},
      {"priority P2P2", with("priority", "P2P2"), "priority"},
      {"priority number", with("priority", 1), "priority"},
      {"details number", with("details", {{"a", 1}}), "details"},
      {"details nested", with("details", {{"a", {{"b", "c"}}}}), "details"},
      {"details list", with("details", Json::array({"a"})), "details"},
      {"51 responders", with("responders", many_teams), "responders"},
      {"responder of unknown type", with("responders", Json::array({{{"type", "x"}, {"id", "1"}}})),
       "responders#type"},
      {"responder type number", with("responders", Json::array({{{"type", 1}}})),
       "responders#type"},
      {"team without name", with("responders", Json::array({{{"type", "team"}}})), "responders"},
      {"user by name", with("responders", Json::array({{{"type", "user"}, {"name", "x"}}})),
       "responders"},
      {"user without at", with("responders", Json::array({{{"type", "user"}, {"username", "x"}}})),
       "responders#username"},
      {"user by mail", with("responders", Json::array({{{"type", "user"}, {"username", "x@y"}}})),
       ""},
      {"legacy teams", with("teams", "ops"), "teams"},
      {"unknown field is ignored", with("colour", "red"), ""},
  };
}

TEST(SimValidationTest, CreateFollowsTheRuleSheet) {
  for (const CreateCase& c : CreateCases()) {
    SCOPED_TRACE(c.name);
    Sim sim;
    const SimReply reply = sim.Send("POST", "/v2/alerts", c.body.dump());
    EXPECT_EQ(reply.response.status, c.bad_field.empty() ? 202 : 422);
    if (c.bad_field.empty()) continue;
    EXPECT_TRUE(Json::parse(reply.response.body)["errors"].contains(c.bad_field))
        << reply.response.body;
  }
}

struct ActionCase {
  const char* name;
  const char* method;
  const char* target;
  const char* body;
  int status;
};

TEST(SimValidationTest, ActionsFollowTheRuleSheet) {
  const ActionCase cases[] = {
      {"close without body", "POST", "/v2/alerts/a/close?identifierType=alias", "", 202},
      {"close with body", "POST", "/v2/alerts/a/close?identifierType=alias", R"({"note":"n"})",
       202},
      {"close bad type", "POST", "/v2/alerts/a/close?identifierType=name", "", 422},
      {"close by PUT", "PUT", "/v2/alerts/a/close", "", 405},
      {"blank note", "POST", "/v2/alerts/a/notes", R"({"note":" "})", 422},
      {"no tags", "POST", "/v2/alerts/a/tags", R"({"tags":[]})", 422},
      {"no details", "POST", "/v2/alerts/a/details", R"({"details":{}})", 422},
      {"remove tags", "DELETE", "/v2/alerts/a/tags?tags=x,y", "", 202},
      {"remove no tags", "DELETE", "/v2/alerts/a/tags", "", 422},
      {"priority", "PUT", "/v2/alerts/a/priority", R"({"priority":"P1"})", 202},
      {"no priority", "PUT", "/v2/alerts/a/priority", "{}", 422},
      {"message too long", "PUT", "/v2/alerts/a/message", R"({"message":""})", 422},
      {"snooze in the past", "POST", "/v2/alerts/a/snooze", R"({"endTime":"2001-01-01T00:00:00Z"})",
       422},
      {"snooze", "POST", "/v2/alerts/a/snooze", R"({"endTime":"2099-01-01T00:00:00Z"})", 202},
      {"assign nobody", "POST", "/v2/alerts/a/assign", "{}", 422},
      {"assign", "POST", "/v2/alerts/a/assign", R"({"owner":{"username":"a@b"}})", 202},
      {"escalate", "POST", "/v2/alerts/a/escalate", R"({"escalation":{"name":"x"}})", 202},
      {"add responder schedule", "POST", "/v2/alerts/a/responders",
       R"({"responder":{"type":"schedule","id":"1"}})", 422},
      {"add responder", "POST", "/v2/alerts/a/responders",
       R"({"responder":{"type":"team","id":"1"}})", 202},
      {"not JSON", "POST", "/v2/alerts", "{", 400},
      {"JSON list", "POST", "/v2/alerts", "[]", 400},
      {"unknown path", "GET", "/v1/alerts", "", 404},
      {"wrong method", "PUT", "/v2/alerts", "{}", 405},
      {"get unknown", "GET", "/v2/alerts/a?identifierType=alias", "", 404},
      {"request unknown", "GET", "/v2/alerts/requests/x", "", 404},
      {"heartbeat", "GET", "/v2/heartbeats/any/ping", "", 202},
      {"jsm create", "POST", "/jsm/ops/integration/v2/alerts", R"({"message":"m"})", 202},
      {"jsm close", "POST", "/jsm/ops/integration/v2/alerts/a/close?identifierType=alias", "", 202},
      {"jsm update", "PUT", "/jsm/ops/integration/v2/alerts/a/message", R"({"message":"m"})", 404},
      {"jsm get", "GET", "/jsm/ops/integration/v2/alerts/a", "", 404},
  };
  for (const ActionCase& c : cases) {
    SCOPED_TRACE(c.name);
    Sim sim;
    EXPECT_EQ(sim.Status(c.method, c.target, c.body), c.status);
  }
}

TEST(SimKeyTest, RefusesByKindAndForm) {
  Sim sim;
  const std::string body = R"({"message":"m"})";
  const auto send = [&](const std::string& authorization) {
    return sim.Send("POST", "/v2/alerts", body, authorization).response;
  };
  EXPECT_EQ(send("").status, 401);
  EXPECT_EQ(send("Basic abc").status, 401);
  EXPECT_EQ(send("GenieKey abc").status, 422);
  EXPECT_TRUE(absl::StrContains(send("GenieKey abc").body, "Key format is not valid!"));
  EXPECT_EQ(send("GenieKey 99999999-2222-4333-8444-555555555555").status, 401);
  EXPECT_EQ(send(absl::StrCat("GenieKey ", kDisabledKey)).status, 401);
  const HttpResponse forbidden = send(absl::StrCat("GenieKey ", kManagementKey));
  EXPECT_EQ(forbidden.status, 403);
  EXPECT_EQ(Json::parse(forbidden.body)["code"], 40301);
  EXPECT_EQ(sim.Send("POST", "/v2/alerts", body, absl::StrCat("GenieKey ", kKey), "text/plain")
                .response.status,
            415);
}

TEST(SimKeyTest, RestrictedKeysMayOnlyReadOrOnlyWrite) {
  Sim sim;
  sim.Send("POST", "/v2/alerts", R"({"message":"m","alias":"a"})");
  sim.now = sim.now + absl::Seconds(1);
  struct Case {
    const char* key;
    const char* method;
    const char* target;
    const char* body;
    int status;
  };
  const Case cases[] = {
      {kReadOnlyKey, "GET", "/v2/alerts/a?identifierType=alias", "", 200},
      {kReadOnlyKey, "POST", "/v2/alerts", R"({"message":"m"})", 403},
      {kReadOnlyKey, "POST", "/v2/alerts/a/close?identifierType=alias", "{}", 403},
      {kReadOnlyKey, "PUT", "/v2/alerts/a/message?identifierType=alias", R"({"message":"m"})", 403},
      {kWriteOnlyKey, "GET", "/v2/alerts/a?identifierType=alias", "", 403},
      {kWriteOnlyKey, "GET", "/v2/alerts/requests/x", "", 403},
      {kWriteOnlyKey, "GET", "/v2/heartbeats/x/ping", "", 202},
      {kWriteOnlyKey, "POST", "/v2/alerts", R"({"message":"m"})", 202},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(absl::StrCat(c.key, " ", c.method, " ", c.target));
    const auto reply = sim.Send(c.method, c.target, c.body, absl::StrCat("GenieKey ", c.key));
    EXPECT_EQ(reply.response.status, c.status);
  }
}

TEST(SimKeyTest, TeamKeyReplacesRespondersAndSeesItsTeamOnly) {
  Sim sim;
  const std::string team = absl::StrCat("GenieKey ", kTeamKey);
  sim.Send("POST", "/v2/alerts",
           R"({"message":"m","alias":"t","responders":[{"type":"user","id":"1"}]})", team);
  sim.Send("POST", "/v2/alerts", R"({"message":"m","alias":"other"})");
  sim.now = sim.now + absl::Seconds(1);
  EXPECT_EQ(sim.Send("GET", "/v2/alerts/t?identifierType=alias", "", team).response.status, 200);
  EXPECT_EQ(sim.Send("GET", "/v2/alerts/other?identifierType=alias", "", team).response.status,
            404);
  const std::string path = "/v2/alerts/t?identifierType=alias";
  const std::string id = sim.Body("GET", path)["data"]["id"];
  EXPECT_EQ(sim.sim.alerts().at(id).responders[0]["name"], "payments");
  const Json read = sim.Body("GET", path)["data"]["responders"][0];
  EXPECT_EQ(read.size(), 2u) << "type and id";
  EXPECT_EQ(read["id"].get<std::string>().size(), 36u);
}

TEST(SimAsyncTest, AcceptedIsPendingUntilTheDelayPassed) {
  Sim sim;
  const Json accepted = sim.Body("POST", "/v2/alerts", R"({"message":"m","alias":"a"})");
  const std::string status =
      absl::StrCat("/v2/alerts/requests/", accepted["requestId"].get<std::string>());
  SimReply pending = sim.Send("GET", status);
  EXPECT_EQ(pending.response.status, 404);
  EXPECT_EQ(pending.response.Header("x-opsgenie-errortype"), "RequestNotProcessed");
  EXPECT_EQ(sim.Send("GET", "/v2/alerts/requests/unknown").response.Header("x-opsgenie-errortype"),
            "");
  sim.now = sim.now + absl::Milliseconds(100);
  const Json data = sim.Body("GET", status)["data"];
  EXPECT_EQ(data["isSuccess"], true);
  EXPECT_EQ(data["status"], "Created alert");
  EXPECT_EQ(data["alias"], "a");
  EXPECT_EQ(data["alertId"], sim.Only().id);
}

TEST(SimAsyncTest, OutOfOrderModeReordersSometimes) {
  SimOptions options = Options();
  options.out_of_order = true;
  Sim sim(options);
  for (int i = 0; i < 20; ++i) {
    sim.Send("POST", "/v2/alerts",
             absl::StrCat(R"({"message":"m)", i, R"(","alias":"a)", i, R"("})"));
  }
  sim.sim.AdvanceTo(sim.now + absl::Seconds(1));
  std::vector<std::string> order;
  for (const SimEvent& event : sim.sim.TakeEvents()) order.push_back(event.alert.message);
  ASSERT_EQ(order.size(), 20u);
  std::vector<std::string> sent;
  for (int i = 0; i < 20; ++i) sent.push_back(absl::StrCat("m", i));
  EXPECT_NE(order, sent);
}

TEST(SimAlertTest, AnOpenAliasOnlyCountsUpToOneHundred) {
  Sim sim;
  for (int i = 0; i < 120; ++i) {
    sim.Do("POST", "/v2/alerts", absl::StrCat(R"({"message":"m)", i, R"(","alias":"a"})"));
  }
  EXPECT_EQ(sim.sim.alerts().size(), 1u);
  EXPECT_EQ(sim.Only().count, 100);
  EXPECT_EQ(sim.Only().message, "m0");
}

TEST(SimAlertTest, AClosedAliasGetsANewAlert) {
  Sim sim;
  const Json first = sim.Do("POST", "/v2/alerts", R"({"message":"m","alias":"a"})");
  EXPECT_EQ(sim.Do("POST", "/v2/alerts/a/close?identifierType=alias")["isSuccess"], true);
  EXPECT_EQ(sim.Do("POST", "/v2/alerts/a/close?identifierType=alias")["status"],
            "Alert does not exist");
  const Json second = sim.Do("POST", "/v2/alerts", R"({"message":"m","alias":"a"})");
  EXPECT_NE(first["alertId"], second["alertId"]);
  EXPECT_EQ(sim.sim.alerts().size(), 2u);
}

TEST(SimAlertTest, AnAliasPassedAsIdIsAcceptedAndDoesNothing) {
  Sim sim;
  sim.Do("POST", "/v2/alerts", R"({"message":"m","alias":"a"})");
  const Json data = sim.Do("POST", "/v2/alerts/a/close");
  EXPECT_EQ(data["isSuccess"], false);
  EXPECT_EQ(data["status"], "Alert does not exist");
  EXPECT_TRUE(sim.Only().open);
}

TEST(SimAlertTest, IdentifiersArePercentDecodedOnce) {
  Sim sim;
  sim.Do("POST", "/v2/alerts", R"({"message":"m","alias":"a/b %25"})");
  EXPECT_EQ(sim.Status("GET", "/v2/alerts/a%2Fb%20%2525?identifierType=alias"), 200);
  EXPECT_EQ(sim.Do("POST", "/v2/alerts/a%2Fb%20%2525/close?identifierType=alias")["isSuccess"],
            true);
}

TEST(SimAlertTest, FieldsTagsAndDetailsChange) {
  Sim sim;
  sim.Do("POST", "/v2/alerts", R"({"message":"m","alias":"a","tags":["x"],"details":{"k":"v"}})");
  const std::string base = "/v2/alerts/a";
  sim.Do("PUT", base + "/priority?identifierType=alias", R"({"priority":"P1"})");
  sim.Do("PUT", base + "/message?identifierType=alias", R"({"message":"n"})");
  sim.Do("POST", base + "/tags?identifierType=alias", R"({"tags":["x","y"]})");
  sim.Do("POST", base + "/details?identifierType=alias", R"({"details":{"l":"w"}})");
  sim.Do("DELETE", base + "/details?identifierType=alias&keys=k");
  sim.Do("POST", base + "/acknowledge?identifierType=alias");
  sim.Do("POST", base + "/notes?identifierType=alias", R"({"note":"hello"})");
  const SimAlert& alert = sim.Only();
  EXPECT_EQ(alert.priority, "P1");
  EXPECT_EQ(alert.message, "n");
  EXPECT_EQ(alert.tags, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(alert.details, (std::map<std::string, std::string>{{"l", "w"}}));
  EXPECT_TRUE(alert.acknowledged);
  EXPECT_TRUE(alert.open);
  ASSERT_EQ(alert.notes.size(), 1u);
  EXPECT_EQ(alert.notes[0].text, "hello");
}

TEST(SimAlertTest, DetailsAboveTheTotalAreCutOrRefused) {
  Json details = Json::object();
  for (int i = 0; i < 9; ++i) details[absl::StrCat("key", i)] = Repeat("v", 1000);
  const std::string body = Json{{"message", "m"}, {"details", details}}.dump();
  Sim real;
  EXPECT_EQ(real.Do("POST", "/v2/alerts", body)["isSuccess"], true);
  EXPECT_EQ(real.Only().details.size(), 7u);
  SimOptions options = Options();
  options.strict_details = true;
  Sim strict(options);
  EXPECT_EQ(strict.Status("POST", "/v2/alerts", body), 422);
  const char* added = "/v2/alerts/a/details?identifierType=alias";
  const std::string long_detail = Json{{"details", {{"k", Repeat("v", 51)}}}}.dump();
  EXPECT_EQ(real.Status("POST", added, long_detail), 202);
  EXPECT_EQ(strict.Status("POST", added, long_detail), 422);
  EXPECT_EQ(strict.Status("POST", added, R"({"details":{"k":"v"}})"), 202);
}

TEST(SimAlertTest, ListAnswersSimpleQueries) {
  Sim sim;
  sim.Do("POST", "/v2/alerts", R"({"message":"one","alias":"a"})");
  sim.Do("POST", "/v2/alerts", R"({"message":"two","alias":"b"})");
  sim.Do("POST", "/v2/alerts/a/close?identifierType=alias");
  EXPECT_EQ(sim.Body("GET", "/v2/alerts")["data"].size(), 2u);
  EXPECT_EQ(sim.Body("GET", "/v2/alerts?query=status%3Aopen")["data"].size(), 1u);
  EXPECT_EQ(sim.Body("GET", "/v2/alerts?query=status%3A+open+AND+alias%3Ab")["data"].size(), 1u);
  EXPECT_EQ(sim.Body("GET", "/v2/alerts?query=status:closed%20AND%20alias:a")["data"].size(), 1u);
  EXPECT_EQ(sim.Body("GET", "/v2/alerts/count?query=status%3Aopen")["data"]["count"], 1);
  EXPECT_EQ(sim.Status("GET", "/v2/alerts?limit=101"), 422);
}

TEST(SimRateTest, NamesTheBucketThatIsEmpty) {
  SimOptions options = Options();
  options.per_second = 2;
  options.per_minute = 3;
  Sim sim(options);
  const auto ping = [&] { return sim.Send("POST", "/v2/alerts", R"({"message":"m"})").response; };
  EXPECT_EQ(ping().status, 202);
  EXPECT_EQ(ping().status, 202);
  HttpResponse refused = ping();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.Header("X-RateLimit-Period-In-Sec"), "1");
  EXPECT_EQ(refused.Header("X-RateLimit-State"), "THROTTLED");
  sim.now = sim.now + absl::Seconds(1);
  EXPECT_EQ(ping().status, 202);
  refused = ping();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.Header("X-RateLimit-Period-In-Sec"), "60");
  EXPECT_EQ(sim.Status("GET", "/v2/heartbeats/x/ping"), 202) << "heartbeats have their own budget";
}

TEST(SimFaultTest, DropsBeforeAndAfterEnqueue) {
  Sim sim;
  sim.sim.SetFaults({.drop_before = 1});
  EXPECT_TRUE(sim.Send("POST", "/v2/alerts", R"({"message":"m"})").dropped);
  sim.sim.AdvanceTo(sim.now + absl::Seconds(1));
  EXPECT_TRUE(sim.sim.alerts().empty());
  sim.sim.SetFaults({.drop_after = 1});
  EXPECT_TRUE(sim.Send("POST", "/v2/alerts", R"({"message":"m"})").dropped);
  sim.sim.AdvanceTo(sim.now + absl::Seconds(1));
  EXPECT_EQ(sim.sim.alerts().size(), 1u);
}

TEST(SimFaultTest, OtherModes) {
  Sim sim;
  const std::string body = R"({"message":"m"})";
  sim.sim.SetFaults({.error_500 = 1});
  EXPECT_EQ(sim.Status("POST", "/v2/alerts", body), 500);
  sim.sim.SetFaults({.error_503 = 1});
  EXPECT_EQ(sim.Status("POST", "/v2/alerts", body), 503);
  sim.sim.SetFaults({.throttle = 1});
  EXPECT_EQ(sim.Status("POST", "/v2/alerts", body), 429);
  sim.sim.SetFaults({.key_rotated = true});
  EXPECT_EQ(sim.Status("POST", "/v2/alerts", body), 401);
  sim.sim.SetFaults({.slow = 1, .slow_delay = absl::Seconds(3)});
  EXPECT_EQ(sim.Send("POST", "/v2/alerts", body).delay, absl::Seconds(3));
  sim.sim.AdvanceTo(sim.now + absl::Seconds(1));
  EXPECT_EQ(sim.sim.alerts().size(), 1u);
  sim.sim.SetFaults({.discard = 1});
  EXPECT_EQ(sim.Status("POST", "/v2/alerts", body), 202);
  sim.sim.AdvanceTo(sim.now + absl::Hours(1));
  EXPECT_EQ(sim.sim.alerts().size(), 1u);
}

TEST(SimFaultTest, AnswersAStatusByMethodAndPath) {
  Sim sim;
  sim.sim.SetFaults({.statuses = {{"GET", "/requests/", 403}, {"*", "/close", 405}}});
  EXPECT_EQ(sim.Status("POST", "/v2/alerts", R"({"message":"m","alias":"a"})"), 202);
  EXPECT_EQ(sim.Status("GET", "/v2/alerts/requests/x"), 403);
  EXPECT_EQ(sim.Status("GET", "/v2/alerts/x"), 404);
  EXPECT_EQ(sim.Status("POST", "/v2/alerts/a/close?identifierType=alias"), 405);
  EXPECT_EQ(sim.sim.journal().back().verdict, "fault: status 405");
}

TEST(SimFaultTest, AFailedCreateIsAcceptedAndSaysSoLater) {
  Sim sim;
  sim.sim.SetFaults({.fail_create = 1});
  const Json data = sim.Do("POST", "/v2/alerts", R"({"message":"m","alias":"a"})");
  EXPECT_EQ(data["isSuccess"], false);
  EXPECT_TRUE(sim.sim.alerts().empty());
}

TEST(SimRateTest, SuccessDescribesTheQuota) {
  Sim sim;
  const HttpResponse response =
      sim.Send("POST", "/v2/alerts", R"({"message":"m","alias":"a"})").response;
  EXPECT_EQ(response.Header("X-RateLimit-State"), "OK");
  EXPECT_EQ(response.Header("X-RateLimit-Reason"), "ACCOUNT");
  EXPECT_EQ(response.Header("X-RateLimit-Period-In-Sec"), "60");
}

TEST(SimFaultTest, ParsesStatusFaults) {
  const auto fault = StatusFaultFromText("GET:/requests/:403:0.5");
  ASSERT_TRUE(fault.ok());
  EXPECT_EQ(fault->method, "GET");
  EXPECT_EQ(fault->path_part, "/requests/");
  EXPECT_EQ(fault->status, 403);
  EXPECT_EQ(fault->probability, 0.5);
  for (const char* bad :
       {"", "GET", "GET:/x", ":/x:403", "GET:/x:abc", "GET:/x:99", "GET:/x:1:x"}) {
    EXPECT_FALSE(StatusFaultFromText(bad).ok()) << bad;
  }
  const auto plan = FaultsFromJson(Json::parse(R"({"statuses":["*:/v2:500"],"fail_create":1})"));
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->statuses.size(), 1u);
}

TEST(SimFaultTest, ParsesPlans) {
  const auto plan = FaultsFromFlag("error_500=0.25,outage");
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->error_500, 0.25);
  EXPECT_TRUE(plan->outage);
  EXPECT_FALSE(FaultsFromFlag("nonsense=1").ok());
}

TEST(SimJournalTest, KeepsEachRequestWithItsVerdictAndNoKey) {
  Sim sim;
  sim.Send("POST", "/v2/alerts", R"({"message":""})");
  sim.Send("POST", "/v2/alerts", R"({"message":"m"})");
  ASSERT_EQ(sim.sim.journal().size(), 2u);
  EXPECT_EQ(sim.sim.journal()[0].verdict, "refused: message Message can not be empty.");
  EXPECT_EQ(sim.sim.journal()[1].verdict, "accepted");
  for (const JournalEntry& entry : sim.sim.journal()) {
    EXPECT_FALSE(absl::StrContains(JournalJson(entry).dump(), kKey));
  }
}

}  // namespace
}  // namespace tocsin::sim
