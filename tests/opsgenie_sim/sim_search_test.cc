#include "tests/opsgenie_sim/sim_search.h"

#include <gtest/gtest.h>

#include "tests/opsgenie_sim/sim_in_hand.h"

namespace tocsin::sim {
namespace {

SimAlert Alert() {
  SimAlert alert;
  alert.id = "id-1";
  alert.tiny_id = 7;
  alert.alias = "a b";
  alert.message = "checkout is slow";
  alert.source = "tocsin";
  alert.priority = "P2";
  alert.owner = "ann@example.com";
  alert.acknowledged = true;
  alert.count = 3;
  alert.tags = {"prod", "eu 1"};
  alert.details = {{"host", "h1"}};
  alert.responders = Json::parse(R"([{"type":"team","name":"payments"}])");
  alert.created_at = Timestamp::FromMillis(1000);
  return alert;
}

TEST(SimQueryTest, Table) {
  struct Case {
    const char* query;
    bool matches;
  };
  const Case cases[] = {
      {"", true},
      {"status: open", true},
      {"status:closed", false},
      {"NOT status: closed", true},
      {"alias: \"a b\"", true},
      {"alias: \"a c\"", false},
      {"alias: a*", true},
      {"alias: b*", false},
      {"message: slow", true},
      {"slow", true},
      {"fast", false},
      {"source: tocsin AND tag: prod", true},
      {"source: other AND tag: prod", false},
      {"source: other OR tag: \"eu 1\"", true},
      {"source: other OR (priority: P2 AND owner: ann@example.com)", true},
      {"source: other OR (priority: P1 AND owner: ann@example.com)", false},
      {"acknowledged: true AND snoozed: false", true},
      {"count > 2", true},
      {"count: 3", true},
      {"count < 3", false},
      {"createdAt >= 1000 AND createdAt: <= 1000", true},
      {"tinyId: 7 AND alertId: id-1", true},
      {"details.key: host AND details.value: h1", true},
      {"teams: payments", true},
      {"teams: others", false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.query);
    const auto query = ParseAlertQuery(c.query);
    ASSERT_TRUE(query.ok()) << query.status().message();
    EXPECT_EQ((*query)(Alert()), c.matches);
  }
}

TEST(SimQueryTest, WhatIsNotUnderstoodIsRefused) {
  for (const char* query : {"colour: red", "status:", "(status: open", "status: open)",
                            "alias: \"x", "AND", "NOT", "alias < 3", "count: many", "a AND"}) {
    EXPECT_FALSE(ParseAlertQuery(query).ok()) << query;
  }
}

TEST(SimSearchTest, PagesSortsAndCounts) {
  Sim sim;
  for (int i = 0; i < 5; ++i) {
    sim.Do("POST", "/v2/alerts",
           absl::StrCat(R"({"message":"m","alias":"a)", i, R"(","priority":"P)", 5 - i, R"("})"));
  }
  const auto aliases = [&](const std::string& parameters) {
    std::string all;
    const Json body = sim.Body("GET", absl::StrCat("/v2/alerts?", parameters));
    for (const Json& alert : body["data"]) all += alert["alias"].get<std::string>();
    return all;
  };
  EXPECT_EQ(aliases("sort=createdAt&order=asc"), "a0a1a2a3a4");
  EXPECT_EQ(aliases(""), "a4a3a2a1a0");
  EXPECT_EQ(aliases("sort=priority&order=asc&limit=2"), "a4a3");
  EXPECT_EQ(aliases("order=asc&limit=2&offset=2"), "a2a3");
  EXPECT_EQ(aliases("order=asc&limit=2&offset=4"), "a4");
  EXPECT_EQ(aliases("offset=50"), "");
  EXPECT_TRUE(sim.Body("GET", "/v2/alerts?limit=2")["paging"].contains("next"));
  EXPECT_FALSE(sim.Body("GET", "/v2/alerts?limit=5")["paging"].contains("next"));
  EXPECT_EQ(sim.Body("GET", "/v2/alerts/count?query=priority%3AP1")["data"]["count"], 1);
}

TEST(SimSearchTest, RefusesWhatTheApiRefuses) {
  Sim sim;
  for (const char* parameters :
       {"limit=0", "limit=101", "limit=x", "offset=-1", "offset=19901&limit=100", "sort=colour",
        "order=up", "query=colour%3Ared", "searchIdentifier=mine"}) {
    EXPECT_EQ(sim.Status("GET", absl::StrCat("/v2/alerts?", parameters)), 422) << parameters;
  }
  EXPECT_EQ(sim.Status("GET", "/v2/alerts?offset=19900&limit=100"), 200);
}

}  // namespace
}  // namespace tocsin::sim
