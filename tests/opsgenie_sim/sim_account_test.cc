// Everything beside alerts: heartbeats, who exists, regions and products, what is not simulated.
#include <gtest/gtest.h>

#include "tests/opsgenie_sim/sim_control.h"
#include "tests/opsgenie_sim/sim_in_hand.h"

namespace tocsin::sim {
namespace {

constexpr char kHeartbeat[] = R"({"name":"tocsin","interval":10,"intervalUnit":"minutes"})";

std::string Key(const char* key) {
  return absl::StrCat("GenieKey ", key);
}

TEST(SimHeartbeatTest, IsCreatedReadDisabledAndDeleted) {
  Sim sim;
  EXPECT_EQ(sim.Status("GET", "/v2/heartbeats/tocsin"), 404);
  EXPECT_EQ(sim.Status("POST", "/v2/heartbeats", kHeartbeat), 201);
  EXPECT_EQ(sim.Status("POST", "/v2/heartbeats", kHeartbeat), 409);
  Json data = sim.Body("GET", "/v2/heartbeats/tocsin")["data"];
  EXPECT_EQ(data["enabled"], true);
  EXPECT_EQ(data["expired"], false);
  EXPECT_FALSE(data.contains("lastPingTime"));
  EXPECT_EQ(sim.Body("POST", "/v2/heartbeats/tocsin/disable")["data"]["enabled"], false);
  EXPECT_EQ(sim.Body("POST", "/v2/heartbeats/tocsin/enable")["data"]["enabled"], true);
  EXPECT_EQ(sim.Body("PATCH", "/v2/heartbeats/tocsin", R"({"interval":5})")["data"]["interval"], 5);
  EXPECT_EQ(sim.Body("GET", "/v2/heartbeats")["data"]["heartbeats"].size(), 1u);
  EXPECT_EQ(sim.Status("DELETE", "/v2/heartbeats/tocsin"), 200);
  EXPECT_EQ(sim.Status("GET", "/v2/heartbeats/tocsin"), 404);
}

TEST(SimHeartbeatTest, RefusesWrongFields) {
  const char* bodies[] = {R"({"interval":1,"intervalUnit":"minutes"})",
                          R"({"name":"x","intervalUnit":"minutes"})",
                          R"({"name":"x","interval":0,"intervalUnit":"minutes"})",
                          R"({"name":"x","interval":1,"intervalUnit":"weeks"})",
                          R"({"name":"x","interval":1,"intervalUnit":"days","enabled":"yes"})",
                          R"({"name":"x","interval":"1","intervalUnit":"days"})"};
  Sim sim;
  for (const char* body : bodies)
    EXPECT_EQ(sim.Status("POST", "/v2/heartbeats", body), 422) << body;
}

TEST(SimHeartbeatTest, ExpiresWithoutPingsAndComesBackWithOne) {
  Sim sim;
  sim.Status("POST", "/v2/heartbeats", kHeartbeat);
  sim.now = sim.now + absl::Hours(1);
  EXPECT_EQ(sim.Body("GET", "/v2/heartbeats/tocsin")["data"]["expired"], false)
      << "nothing was expected of one that was never pinged";
  EXPECT_EQ(sim.Body("POST", "/v2/heartbeats/tocsin/ping")["result"], "PONG - Heartbeat received");
  sim.now = sim.now + absl::Minutes(10);
  EXPECT_EQ(sim.Body("GET", "/v2/heartbeats/tocsin")["data"]["expired"], false);
  sim.now = sim.now + absl::Minutes(1);
  EXPECT_EQ(sim.Body("GET", "/v2/heartbeats/tocsin")["data"]["expired"], true);
  EXPECT_EQ(sim.Only().message, "tocsin is expired");
  sim.Status("POST", "/v2/heartbeats/tocsin/ping");
  EXPECT_EQ(sim.Body("GET", "/v2/heartbeats/tocsin")["data"]["expired"], false);
  EXPECT_FALSE(sim.Only().open);
  EXPECT_EQ(sim.sim.heartbeats().all().begin()->second.pings, 2);
}

TEST(SimHeartbeatTest, APingOfNoneIsAnsweredAlikeAndJournalled) {
  Sim sim;
  EXPECT_EQ(sim.Status("POST", "/v2/heartbeats/none/ping"), 202);
  EXPECT_EQ(sim.sim.journal().back().verdict, "accepted, but no such heartbeat");
  EXPECT_EQ(sim.sim.heartbeats().lost_pings(), 1);
}

SimOptions WithDirectory() {
  SimOptions options = Options();
  for (const char* text : {"team:payments", "team:search", "user:ann@example.com",
                           "schedule:nights@payments", "escalation:managers"}) {
    options.directory.emplace_back();
    EXPECT_TRUE(ReadDirectoryEntry(text, options.directory.back())) << text;
  }
  return options;
}

TEST(SimDirectoryTest, IsReadByIdAndName) {
  Sim sim(WithDirectory());
  const std::string id =
      sim.Body("GET", "/v2/teams/payments?identifierType=name")["data"]["id"].get<std::string>();
  struct Case {
    std::string target;
    int status;
  };
  const Case cases[] = {{absl::StrCat("/v2/teams/", id), 200},
                        {absl::StrCat("/v2/teams/", id, "?identifierType=id"), 200},
                        {absl::StrCat("/v2/teams/", id, "?identifierType=name"), 404},
                        {"/v2/teams/payments", 404},
                        {"/v2/teams/none?identifierType=name", 404},
                        {"/v2/teams/payments?identifierType=colour", 422},
                        {"/v2/users/ann@example.com", 200},
                        {"/v2/users/bob@example.com", 404},
                        {"/v2/schedules/nights?identifierType=name", 200},
                        {"/v2/escalations/managers?identifierType=name", 200},
                        {"/v2/escalations/nights?identifierType=name", 404},
                        {"/v2/users", 200},
                        {"/v2/account", 200}};
  for (const Case& c : cases) EXPECT_EQ(sim.Status("GET", c.target), c.status) << c.target;
  EXPECT_EQ(sim.Body("GET", "/v2/teams")["data"].size(), 2u);
  EXPECT_EQ(sim.Status("POST", "/v2/teams", R"({"name":"x"})"), 501);
}

TEST(SimDirectoryTest, ATeamKeySeesWhatItsTeamHas) {
  Sim sim(WithDirectory());
  const auto status = [&](const char* target) {
    return sim.As(Key(kTeamKey), "GET", target).status;
  };
  EXPECT_EQ(status("/v2/teams/payments?identifierType=name"), 200);
  EXPECT_EQ(status("/v2/schedules/nights?identifierType=name"), 200);
  EXPECT_EQ(status("/v2/teams/search?identifierType=name"), 403);
  EXPECT_EQ(status("/v2/escalations/managers?identifierType=name"), 403);
  EXPECT_EQ(status("/v2/users/ann@example.com"), 403);
  EXPECT_EQ(status("/v2/teams"), 403);
  EXPECT_EQ(status("/v2/account"), 403);
}

TEST(SimDirectoryTest, RespondersThatDoNotExistAreLeftOutWithoutAWord) {
  Sim sim(WithDirectory());
  const Json done = sim.Do("POST", "/v2/alerts", R"({"message":"m","alias":"a","responders":[
      {"type":"team","name":"payments"},{"type":"team","name":"none"}]})");
  EXPECT_EQ(done["isSuccess"], true);
  EXPECT_EQ(sim.Only().responders.size(), 1u);
  EXPECT_EQ(sim.Do("POST", "/v2/alerts/a/escalate?identifierType=alias",
                   R"({"escalation":{"name":"none"}})")["status"],
            "Escalation does not exist");
  EXPECT_EQ(sim.Do("POST", "/v2/alerts/a/escalate?identifierType=alias",
                   R"({"escalation":{"name":"managers"}})")["isSuccess"],
            true);
  EXPECT_EQ(sim.Do("POST", "/v2/alerts/a/assign?identifierType=alias",
                   R"({"owner":{"username":"ann@example.com"}})")["isSuccess"],
            true);
  EXPECT_EQ(sim.Only().owner, "ann@example.com");
}

TEST(SimKeyTest, RegionsAndProductsAreApart) {
  SimOptions options = Options();
  options.keys[kKey].region = "us";
  options.keys[kTeamKey].region = "eu";
  options.keys[kReadOnlyKey].product = "jsm";
  options.keys[kWriteOnlyKey].product = "opsgenie";
  Sim sim(options);
  EXPECT_EQ(sim.As(Key(kKey), "GET", "/v2/alerts").status, 200);
  EXPECT_EQ(sim.As(Key(kTeamKey), "GET", "/v2/alerts").status, 401);
  EXPECT_EQ(sim.As(Key(kReadOnlyKey), "GET", "/v2/alerts").status, 401);
  const char* jsm = "/jsm/ops/integration/v2/alerts";
  EXPECT_EQ(sim.As(Key(kReadOnlyKey), "POST", jsm, "{}").status, 403) << "known, but read-only";
  EXPECT_EQ(sim.As(Key(kWriteOnlyKey), "POST", jsm, R"({"message":"m"})").status, 401);
}

TEST(SimKeyTest, ARestrictedConfigurationLeavesAlertsAndPings) {
  SimOptions options = Options();
  options.keys[kKey].restrict_configuration = true;
  Sim sim(options);
  EXPECT_EQ(sim.Status("POST", "/v2/alerts", R"({"message":"m"})"), 202);
  EXPECT_EQ(sim.Status("POST", "/v2/heartbeats/x/ping"), 202);
  EXPECT_EQ(sim.Status("GET", "/v2/heartbeats/x"), 403);
  EXPECT_EQ(sim.Status("GET", "/v2/teams/x"), 403);
}

TEST(SimKeyTest, AnAccountKeyReadsAndConfiguresButDoesNotPage) {
  Sim sim;
  const auto status = [&](const char* method, const char* target, const char* body) {
    return sim.As(Key(kManagementKey), method, target, body).status;
  };
  EXPECT_EQ(status("GET", "/v2/alerts", ""), 200);
  EXPECT_EQ(status("GET", "/v2/account", ""), 200);
  EXPECT_EQ(status("POST", "/v2/heartbeats", kHeartbeat), 201);
  EXPECT_EQ(status("PUT", "/v2/alerts/a/priority", R"({"priority":"P1"})"), 202);
  for (const char* action : {"close", "acknowledge", "notes"}) {
    EXPECT_EQ(status("POST", absl::StrCat("/v2/alerts/a/", action).c_str(), R"({"note":"n"})"), 403)
        << action;
  }
}

TEST(SimKeyTest, FlagsNameEveryField) {
  const auto key = KeyFromFlag(absl::StrCat(kKey, ":team:payments,region=eu,enabled=false"));
  ASSERT_TRUE(key.ok()) << key.status().message();
  EXPECT_EQ(key->first, kKey);
  EXPECT_EQ(key->second.kind, KeyKind::kTeam);
  EXPECT_EQ(key->second.team, "payments");
  EXPECT_EQ(key->second.region, "eu");
  EXPECT_FALSE(key->second.enabled);
  for (const char* bad : {"", "x:colour", "x:team", "x:api:payments", "x,colour=red", "x:a:b:c"}) {
    EXPECT_FALSE(KeyFromFlag(bad).ok()) << bad;
  }
}

TEST(SimNotSimulatedTest, IsRefusedByName) {
  Sim sim;
  EXPECT_EQ(sim.Status("GET", "/v2/alerts/a/attachments"), 501);
  EXPECT_EQ(sim.sim.journal().back().verdict, "refused: not simulated: attachments");
  EXPECT_EQ(sim.Status("GET", "/v2/alerts/saved-searches"), 501);
}

}  // namespace
}  // namespace tocsin::sim
