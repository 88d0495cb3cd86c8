// JSM Operations' REST API.
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "tests/opsgenie_sim/sim_in_hand.h"

namespace tocsin::sim {
namespace {

constexpr char kToken[] = "a-token";
constexpr char kUser[] = "ann@example.com";

class SimJsmTest : public testing::Test {
 protected:
  static SimOptions WithToken() {
    SimOptions options = Options();
    options.cloud_id = "cloud";
    options.keys[kToken].kind = KeyKind::kJsmToken;
    options.keys[kToken].user = kUser;
    return options;
  }
  http_client::HttpResponse Send(const std::string& method, const std::string& path,
                                 const std::string& body = "") {
    const std::string authorization =
        absl::StrCat("Basic ", absl::Base64Escape(absl::StrCat(kUser, ":", kToken)));
    return sim_.As(authorization, method, absl::StrCat("/jsm/ops/api/cloud/v1", path), body);
  }
  Json Body(const std::string& path) { return Json::parse(Send("GET", path).body); }
  // Sends and lets it be processed.
  int Do(const std::string& method, const std::string& path, const std::string& body = "") {
    const int status = Send(method, path, body).status;
    sim_.now = sim_.now + absl::Milliseconds(100);
    sim_.sim.AdvanceTo(sim_.now);
    return status;
  }

  Sim sim_{WithToken()};
};

TEST_F(SimJsmTest, TakesATokenOfItsUserForItsSite) {
  const auto status = [&](const std::string& authorization, const char* cloud) {
    return sim_.As(authorization, "GET", absl::StrCat("/jsm/ops/api/", cloud, "/v1/alerts")).status;
  };
  const auto basic = [](const char* text) {
    return absl::StrCat("Basic ", absl::Base64Escape(text));
  };
  EXPECT_EQ(status(basic("ann@example.com:a-token"), "cloud"), 200);
  EXPECT_EQ(status(basic("bob@example.com:a-token"), "cloud"), 401);
  EXPECT_EQ(status(basic("ann@example.com:wrong"), "cloud"), 401);
  EXPECT_EQ(status("Bearer a-token", "cloud"), 401) << "a token of a user is no OAuth token";
  EXPECT_EQ(status(absl::StrCat("GenieKey ", kKey), "cloud"), 401);
  EXPECT_EQ(status(basic("ann@example.com:a-token"), "other"), 404);
  SimKey oauth;
  oauth.kind = KeyKind::kJsmToken;
  sim_.sim.SetKey("oauth", oauth);
  EXPECT_EQ(status("Bearer oauth", "cloud"), 200);
  EXPECT_EQ(sim_.As("GenieKey a-token", "GET", "/v2/alerts").status, 422);
}

TEST_F(SimJsmTest, AlertsAreTheSameInOtherShapes) {
  sim_.Do("POST", "/jsm/ops/integration/v2/alerts",
          R"({"message":"m","alias":"a","details":{"k":"v"}})");
  const std::string id = sim_.Only().id;
  const Json alert = Body(absl::StrCat("/alerts/", id));
  EXPECT_EQ(alert["alias"], "a");
  EXPECT_EQ(alert["extraProperties"]["k"], "v");
  EXPECT_FALSE(alert.contains("details"));
  EXPECT_EQ(Body("/alerts/alias?alias=a")["id"], id);
  const Json list = Body("/alerts?size=10&query=status%3A%20open");
  EXPECT_EQ(list["count"], 1);
  EXPECT_EQ(list["values"][0]["id"], id);
  EXPECT_EQ(Send("GET", "/alerts?size=101").status, 422);
}

TEST_F(SimJsmTest, ChangesGoByIdAndWithOtherMethods) {
  sim_.Do("POST", "/jsm/ops/integration/v2/alerts",
          R"({"message":"m","alias":"a","tags":["x","y"]})");
  const std::string path = absl::StrCat("/alerts/", sim_.Only().id);
  EXPECT_EQ(Do("PATCH", path + "/priority", R"({"priority":"P1"})"), 202);
  EXPECT_EQ(Do("PATCH", path + "/message", R"({"message":"n"})"), 202);
  EXPECT_EQ(Do("POST", path + "/extra-properties", R"({"extraProperties":{"k":"v"}})"), 202);
  EXPECT_EQ(Do("DELETE", path + "/tags", R"({"tags":["x"]})"), 202);
  EXPECT_EQ(Do("POST", path + "/acknowledge"), 202);
  EXPECT_EQ(Do("PUT", path + "/priority", R"({"priority":"P2"})"), 405);
  EXPECT_EQ(Do("DELETE", path + "/tags", R"({"tags":7})"), 422);
  EXPECT_EQ(Do("POST", path + "/escalate", "{}"), 501);
  const SimAlert& alert = sim_.Only();
  EXPECT_EQ(alert.priority, "P1");
  EXPECT_EQ(alert.message, "n");
  EXPECT_EQ(alert.details.at("k"), "v");
  EXPECT_EQ(alert.tags, std::vector<std::string>{"y"});
  EXPECT_TRUE(alert.acknowledged);
  EXPECT_EQ(Do("POST", path + "/close"), 202);
  EXPECT_EQ(Send("GET", "/alerts/alias?alias=a").status, 404) << "closed ones are not found by it";
  EXPECT_EQ(Send("GET", path).status, 200);
}

TEST_F(SimJsmTest, RequestStatusIsFlat) {
  const Json accepted = Json::parse(Send("POST", "/alerts", R"({"message":"m","alias":"a"})").body);
  const std::string path =
      absl::StrCat("/alerts/requests/", accepted["requestId"].get<std::string>());
  EXPECT_EQ(Send("GET", path).status, 404);
  sim_.now = sim_.now + absl::Seconds(1);
  EXPECT_EQ(Body(path)["isSuccess"], true);
  const std::string id = accepted["requestId"].get<std::string>();
  EXPECT_EQ(sim_.Status("GET", absl::StrCat("/jsm/ops/integration/v2/alerts/requests/", id)), 404)
      << "each API knows its own requests";
}

TEST_F(SimJsmTest, ErrorsAreAList) {
  const Json body = Json::parse(Send("POST", "/alerts", R"({"message":""})").body);
  EXPECT_EQ(body["errors"][0]["title"], "message");
  EXPECT_FALSE(body.contains("message"));
}

TEST_F(SimJsmTest, HeartbeatsArePingedByTeam) {
  EXPECT_EQ(Send("GET", "/teams/team-1/heartbeats/ping?name=tocsin").status, 202);
  EXPECT_EQ(sim_.sim.heartbeats().lost_pings(), 1);
}

}  // namespace
}  // namespace tocsin::sim
