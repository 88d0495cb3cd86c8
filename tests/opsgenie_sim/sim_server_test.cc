// Over HTTP on loopback, with real threads.
#include "tests/opsgenie_sim/sim_server.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "tests/opsgenie_sim/sim_in_hand.h"

namespace tocsin::sim {
namespace {

using http_client::HttpRequest;
using http_client::HttpResponse;

class SimServerTest : public testing::Test {
 protected:
  HttpResponse Send(const SimServer& server, const std::string& method, const std::string& path,
                    const std::string& body = "") {
    HttpRequest request{method, server.url() + path, {}, body};
    request.headers = {{"Authorization", absl::StrCat("GenieKey ", kKey)},
                       {"Content-Type", "application/json"}};
    const auto response = transport_.Send(request);
    EXPECT_TRUE(response.ok()) << response.status().message();
    return response.ok() ? *response : HttpResponse{};
  }
  // Asks until `what` holds; each time is a round trip, so that no clock is needed.
  template <typename What>
  bool Eventually(const What& what) {
    for (int i = 0; i < 20'000; ++i) {
      if (what()) return true;
    }
    return false;
  }

  const SystemClock clock_;
  http_client::CurlTransport transport_;
};

// The second simulator is only the place where webhooks arrive: its journal has them.
TEST_F(SimServerTest, SendsWebhooksWithTheirHeaders) {
  SimServer hooks(Options(), clock_);
  ASSERT_TRUE(hooks.Start("127.0.0.1:0").ok());
  SimOptions options = Options();
  options.webhooks = true;
  options.delay = absl::ZeroDuration();
  SimServer server(options, clock_);
  // A place that looks at a header, but not at the body.
  server.SendWebhooksTo(hooks.url() + "/v2/heartbeats/x/ping",
                        {{"Authorization", absl::StrCat("GenieKey ", kKey)}});
  ASSERT_TRUE(server.Start("127.0.0.1:0").ok());
  EXPECT_EQ(Send(server, "POST", "/v2/alerts", R"({"message":"m","alias":"a"})").status, 202);
  Json journal;
  ASSERT_TRUE(Eventually([&] {
    journal = Json::parse(Send(hooks, "GET", "/sim/journal").body);
    return !journal.empty();
  }));
  EXPECT_EQ(journal[0]["method"], "POST");
  EXPECT_EQ(journal[0]["status"], 202) << "the header came with it";
  const Json webhook = Json::parse(journal[0]["body"].get<std::string>());
  EXPECT_EQ(webhook["action"], "Create");
  EXPECT_EQ(webhook["alert"]["alias"], "a");
  const Json sent = Json::parse(Send(server, "GET", "/sim/webhooks").body);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0]["action"], "Create");
}

TEST_F(SimServerTest, IsToldWhatToDo) {
  SimServer server(Options(), clock_);
  ASSERT_TRUE(server.Start("127.0.0.1:0").ok());
  EXPECT_EQ(Send(server, "POST", "/sim/faults", R"({"key_rotated":true})").status, 200);
  EXPECT_EQ(Send(server, "GET", "/v2/alerts").status, 401);
  EXPECT_EQ(Send(server, "POST", "/sim/faults", "{}").status, 200);
  EXPECT_EQ(Send(server, "GET", "/v2/alerts").status, 200);
  EXPECT_EQ(Send(server, "POST", "/sim/faults", "nonsense").status, 422);
  EXPECT_EQ(Send(server, "POST", "/sim/act", R"({"action":"close","alias":"a"})").status, 404);
  EXPECT_EQ(Send(server, "GET", "/sim/nonsense").status, 404);
}

}  // namespace
}  // namespace tocsin::sim
