// What people do, what comes back of it, and what tests tell the simulator.
#include <gtest/gtest.h>

#include "tests/opsgenie_sim/sim_control.h"
#include "tests/opsgenie_sim/sim_in_hand.h"

namespace tocsin::sim {
namespace {

SimOptions WithWebhooks() {
  SimOptions options = Options();
  options.webhooks = true;
  return options;
}

class SimPeopleTest : public testing::Test {
 protected:
  // POST /sim/WHAT, or GET without a body.
  Json Control(const std::string& what, const std::string& body = "", int status = 200) {
    const SimReply reply = HandleControl(
        sim_.sim, {}, {body.empty() ? "GET" : "POST", "/sim/" + what, {}, body}, sim_.now);
    EXPECT_EQ(reply.response.status, status) << what << " " << body << reply.response.body;
    return Json::parse(reply.response.body);
  }
  void Open() { sim_.Do("POST", "/v2/alerts", R"({"message":"m","alias":"a","source":"tocsin"})"); }
  std::vector<Json> Webhooks() {
    std::vector<Json> bodies;
    for (const SimWebhook& webhook : sim_.sim.TakeWebhooks(sim_.now + absl::Seconds(10))) {
      bodies.push_back(Json::parse(webhook.body));
    }
    return bodies;
  }

  Sim sim_{WithWebhooks()};
};

TEST_F(SimPeopleTest, APersonActsAtOnce) {
  Open();
  Control("act", R"({"action":"acknowledge","alias":"a","user":"ann@example.com"})");
  EXPECT_TRUE(sim_.Only().acknowledged);
  const Json alert = sim_.Body("GET", "/v2/alerts/a?identifierType=alias")["data"];
  EXPECT_EQ(alert["report"]["acknowledgedBy"], "ann@example.com");
  Control("act", R"({"action":"notes","alias":"a","note":"looking","user":"ann@example.com"})");
  const Json notes = sim_.Body("GET", "/v2/alerts/a/notes?identifierType=alias")["data"];
  EXPECT_EQ(notes[0]["note"], "looking");
  EXPECT_EQ(notes[0]["owner"], "ann@example.com");
  Control("act", R"({"action":"priority","alias":"a","priority":"P1"})");
  EXPECT_EQ(sim_.Only().priority, "P1");
  Control("act", R"({"action":"close","tinyId":"1"})");
  EXPECT_FALSE(sim_.Only().open);
  Control("act", R"({"action":"close","alias":"a"})", 404);
  const Json logs = sim_.Body("GET", absl::StrCat("/v2/alerts/", sim_.Only().id, "/logs"))["data"];
  EXPECT_EQ(logs.size(), 5u);
  EXPECT_EQ(logs[0]["type"], "Close");
}

TEST_F(SimPeopleTest, WrongActsAreNamed) {
  Open();
  for (const char* body : {"[]", "{}", R"({"action":"fly","alias":"a"})", R"({"action":"close"})",
                           R"({"action":"notes","alias":"a"})",
                           R"({"action":"snooze","alias":"a","endTime":"yesterday"})"}) {
    Control("act", body, 422);
  }
}

TEST_F(SimPeopleTest, ASnoozeEndsByItself) {
  Open();
  const std::string end = FormatTimestamp(sim_.now + absl::Minutes(5));
  Control("act", absl::StrCat(R"({"action":"snooze","alias":"a","endTime":")", end, R"("})"));
  Json alert = sim_.Body("GET", "/v2/alerts/a?identifierType=alias")["data"];
  EXPECT_EQ(alert["snoozed"], true);
  EXPECT_EQ(alert["snoozedUntil"], end);
  EXPECT_EQ(sim_.sim.NextDue(), sim_.now + absl::Minutes(5));
  sim_.now = sim_.now + absl::Minutes(5);
  alert = sim_.Body("GET", "/v2/alerts/a?identifierType=alias")["data"];
  EXPECT_EQ(alert["snoozed"], false);
  EXPECT_EQ(Webhooks().back()["action"], "SnoozeEnded");
}

TEST_F(SimPeopleTest, NotesAreReadInPages) {
  Open();
  for (int i = 1; i <= 5; ++i) {
    Control("act", absl::StrCat(R"({"action":"notes","alias":"a","note":"n)", i, R"("})"));
  }
  const auto read = [&](const std::string& parameters) {
    std::string all;
    const std::string path = "/v2/alerts/a/notes?identifierType=alias&";
    const Json body = sim_.Body("GET", path + parameters);
    for (const Json& note : body["data"]) {
      all += note["note"].get<std::string>();
    }
    return all;
  };
  EXPECT_EQ(read("order=asc"), "n1n2n3n4n5");
  EXPECT_EQ(read("order=asc&limit=2"), "n1n2");
  EXPECT_EQ(read("order=asc&limit=2&offset=2&direction=next"), "n3n4");
  EXPECT_EQ(read("order=desc&offset=3&direction=prev"), "n2n1");
  EXPECT_EQ(sim_.Status("GET", "/v2/alerts/a/notes?identifierType=alias&limit=101"), 422);
}

TEST_F(SimPeopleTest, WebhooksTellWhatHappenedAndInWhichUnits) {
  sim_.Do("POST", "/v2/alerts",
          Json{{"message", "m"},
               {"alias", "a"},
               {"source", "tocsin"},
               {"description", std::string(1500, 'd')},
               {"details", {{"k", "v"}}}}
              .dump());
  Control("act", R"({"action":"acknowledge","alias":"a","user":"ann@example.com"})");
  Control("act", R"({"action":"priority","alias":"a","priority":"P1"})");
  Control("act", R"({"action":"assign","alias":"a","owner":{"username":"ann@example.com"}})");
  sim_.Do("POST", "/v2/alerts", R"({"message":"m","alias":"a"})");  // only counts
  sim_.Do("POST", "/v2/alerts/a/close?identifierType=alias", R"({"note":"done"})");
  const std::vector<Json> webhooks = Webhooks();
  std::vector<std::string> actions;
  for (const Json& webhook : webhooks) actions.push_back(webhook["action"]);
  ASSERT_EQ(actions, (std::vector<std::string>{"Create", "Acknowledge", "UpdatePriority",
                                               "AssignOwnership", "Close"}));
  const Json& create = webhooks[0]["alert"];
  EXPECT_EQ(create["createdAt"], sim_.Only().created_at.millis());
  EXPECT_EQ(create["updatedAt"], sim_.Only().created_at.millis() * 1'000'000);
  EXPECT_EQ(create["description"].get<std::string>().size(), 1000u);
  EXPECT_EQ(create["details"]["k"], "v");
  EXPECT_EQ(webhooks[0]["source"]["name"], "tocsin");
  EXPECT_EQ(webhooks[1]["alert"]["username"], "ann@example.com");
  EXPECT_EQ(webhooks[1]["source"]["name"], "web");
  EXPECT_FALSE(webhooks[1]["alert"].contains("details"));
  EXPECT_EQ(webhooks[2]["alert"]["oldPriority"], "P3");
  EXPECT_EQ(webhooks[3]["alert"]["owner"], "ann@example.com");
  EXPECT_EQ(webhooks[4]["alert"]["note"], "done");
}

TEST_F(SimPeopleTest, AnAddedTeamIsASecondCreate) {
  Open();
  Control("act", R"({"action":"teams","alias":"a","team":{"name":"search"}})");
  const auto webhooks = Webhooks();
  ASSERT_EQ(webhooks.size(), 3u);
  EXPECT_EQ(webhooks[1]["action"], "Create");
  EXPECT_EQ(webhooks[2]["action"], "AddTeam");
  EXPECT_EQ(webhooks[0]["alert"]["alertId"], webhooks[1]["alert"]["alertId"]);
}

TEST_F(SimPeopleTest, WebhooksRepeatGetLostAndOvertakeEachOther) {
  Control("faults", R"({"webhook_repeat":1})");
  Open();
  EXPECT_EQ(Webhooks().size(), 2u);
  Control("faults", R"({"webhook_loss":1})");
  Control("act", R"({"action":"acknowledge","alias":"a"})");
  EXPECT_TRUE(Webhooks().empty());
  Control("faults", R"({"webhook_reorder":1})");
  std::vector<std::string> sent;
  for (int i = 0; i < 10; ++i) {
    sent.push_back(absl::StrCat("n", i));
    Control("act", absl::StrCat(R"({"action":"notes","alias":"a","note":"n)", i, R"("})"));
  }
  std::vector<std::string> come;
  for (const Json& webhook : Webhooks()) come.push_back(webhook["alert"]["note"]);
  EXPECT_EQ(come.size(), sent.size());
  EXPECT_NE(come, sent);
}

TEST_F(SimPeopleTest, KeysAndRegionsChangeWhileItRuns) {
  EXPECT_EQ(sim_.Status("GET", "/v2/alerts"), 200);
  Control("keys", absl::StrCat(R"({"key":")", kKey, R"(","enabled":false})"));
  EXPECT_EQ(sim_.Status("GET", "/v2/alerts"), 401);
  Control("keys", absl::StrCat(R"({"key":")", kKey, R"(","region":"us"})"));
  EXPECT_EQ(sim_.Status("GET", "/v2/alerts"), 200);
  Control("region", R"({"region":"eu"})");
  EXPECT_EQ(sim_.Status("GET", "/v2/alerts"), 401);
  Control("keys", R"({"key":"x","kind":"colour"})", 422);
  Control("directory", R"(["team:payments"])");
  Control("directory", R"(["colour:red"])", 422);
  Control("nonsense", "{}", 404);
}

TEST_F(SimPeopleTest, LateRequestsAreProcessedLater) {
  Control("faults", R"({"late":1,"late_ms":5000})");
  Open();
  EXPECT_TRUE(sim_.sim.alerts().empty());
  sim_.sim.AdvanceTo(sim_.now + absl::Seconds(6));
  EXPECT_EQ(sim_.sim.alerts().size(), 1u);
}

}  // namespace
}  // namespace tocsin::sim
