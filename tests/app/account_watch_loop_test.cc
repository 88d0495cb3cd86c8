// Threads, libcurl and a simulator on a loopback port: what virtual time cannot show.

#include "app/account_watch_loop.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "tests/app/eventually.h"
#include "tests/opsgenie_sim/sim_server.h"

namespace tocsin::app {
namespace {

constexpr char kKey[] = "11111111-2222-4333-8444-555555555555";
const SystemClock kClock;

class AccountWatchLoopTest : public testing::Test {
 protected:
  AccountWatchLoopTest() : server_(Options(), kClock) {
    SetLogLevel(LogLevel::kError);
    EXPECT_TRUE(server_.Start("127.0.0.1:0").ok());
  }
  ~AccountWatchLoopTest() override { SetLogLevel(LogLevel::kInfo); }

  static sim::SimOptions Options() {
    sim::SimOptions options;
    options.keys[kKey] = {};
    sim::SimDirectoryEntry entry;
    EXPECT_TRUE(sim::ReadDirectoryEntry("team:payments", entry));
    options.directory = {entry};
    sim::SimHeartbeat heartbeat;
    heartbeat.name = "tocsin";
    options.heartbeats = {heartbeat};
    return options;
  }

  std::shared_ptr<const delivery::ReceiversAndRoutes> Receivers(const std::string& team) {
    opsgenie::OpsgenieConfig config;
    config.api_url = server_.url();
    config.api_key = Secret(kKey);
    config.responders = {{"team", "", team, ""}};
    config.heartbeat.name = "tocsin";
    auto receivers = std::make_shared<delivery::ReceiversAndRoutes>();
    receivers->receivers["payments"].opsgenie_configs = {config};
    return receivers;
  }

  void StartLoop() {
    loop_ = std::make_unique<AccountWatchLoop>(
        metrics_, kClock,
        [this] {
          MutexLock lock(mutex_);
          return trouble_;
        },
        [this](const delivery::TargetKey& target, const opsgenie::ListedCycle& cycle) {
          MutexLock lock(mutex_);
          listed_.push_back(absl::StrCat(target.receiver, " ", target.index, ": ",
                                         cycle.alerts.empty() ? "" : cycle.alerts[0].alias));
        });
  }
  std::vector<std::string> Listed() {
    MutexLock lock(mutex_);
    return listed_;
  }
  int64_t Pings() {
    int64_t pings = 0;
    server_.WithSim([&](sim::SimOpsgenie& sim) {
      for (const auto& [id, heartbeat] : sim.heartbeats().all()) pings += heartbeat.pings;
    });
    return pings;
  }
  bool Shows(const std::string& line) const {
    return absl::StrContains(metrics_.ExpositionText(), line + "\n");
  }

  sim::SimServer server_;
  Metrics metrics_;
  Mutex mutex_;
  std::string trouble_;
  std::vector<std::string> listed_;
  std::unique_ptr<AccountWatchLoop> loop_;
};

TEST_F(AccountWatchLoopTest, ChecksPingsAndLists) {
  server_.WithSim([](sim::SimOpsgenie& sim) {
    const http_client::HttpRequest create{
        "POST",
        "https://api.example/v2/alerts",
        {{"Authorization", absl::StrCat("GenieKey ", kKey)}, {"Content-Type", "application/json"}},
        R"({"message":"m","alias":"ours","source":"tocsin"})"};
    EXPECT_EQ(sim.Handle(create, kClock.Now() - absl::Seconds(5)).response.status, 202);
  });
  StartLoop();
  loop_->Configure(Receivers("payments"));
  EXPECT_TRUE(Eventually([&] { return !Listed().empty(); }));
  EXPECT_EQ(Listed()[0], "payments 0: ours");
  EXPECT_EQ(Pings(), 1);
  EXPECT_TRUE(Shows("tocsin_heartbeats_total{outcome=\"sent\",receiver=\"payments\"} 1"));
  EXPECT_TRUE(Shows("tocsin_receiver_open_alerts{receiver=\"payments\"} 1"));
  loop_->Stop();
  server_.WithSim([](sim::SimOpsgenie& sim) {
    for (const auto& entry : sim.journal()) {
      EXPECT_FALSE(absl::StartsWith(entry.verdict, "refused")) << entry.target << entry.verdict;
    }
  });
}

TEST_F(AccountWatchLoopTest, ANewConfigurationIsCheckedAnew) {
  const std::string finding =
      "tocsin_receiver_probe_findings{code=\"no_such_responder\",receiver=\"payments\"} ";
  StartLoop();
  loop_->Configure(Receivers("paymets"));
  EXPECT_TRUE(Eventually([&] { return Shows(finding + "1"); }));
  loop_->Configure(Receivers("payments"));
  EXPECT_TRUE(Eventually([&] { return Shows(finding + "0"); }));
}

TEST_F(AccountWatchLoopTest, WithholdsPingsWhilePagesCannotBeReliedOn) {
  {
    MutexLock lock(mutex_);
    trouble_ = "a page is owed for 400 s";
  }
  StartLoop();
  loop_->Configure(Receivers("payments"));
  EXPECT_TRUE(Eventually([&] { return !Listed().empty(); }));
  EXPECT_EQ(Pings(), 0);
  EXPECT_TRUE(Shows("tocsin_heartbeats_total{outcome=\"withheld\",receiver=\"payments\"} 1"));
}

TEST_F(AccountWatchLoopTest, AStopDoesNotWaitForASlowServer) {
  server_.WithSim([](sim::SimOpsgenie& sim) {
    sim::FaultPlan faults;
    faults.slow = 1;
    faults.slow_delay = absl::Seconds(60);
    sim.SetFaults(faults);
  });
  StartLoop();
  loop_->Configure(Receivers("payments"));
  EXPECT_TRUE(Eventually([&] { return Pings() == 1; })) << "a request is under way";
  const absl::Duration begin = kClock.Monotonic();
  loop_->Stop();
  EXPECT_LT(kClock.Monotonic() - begin, absl::Seconds(4)) << "its deadline is 5 s";
  EXPECT_TRUE(Shows("tocsin_heartbeats_total{outcome=\"failed\",receiver=\"payments\"} 0"))
      << "what was ended says nothing";
}

TEST_F(AccountWatchLoopTest, StopsWithoutReceivers) {
  StartLoop();
  loop_->Configure(std::make_shared<delivery::ReceiversAndRoutes>());
}

TEST(CurlTransportAbortTest, NothingIsSentAfterwards) {
  http_client::CurlTransport transport;
  transport.Abort();
  http_client::HttpRequest request;
  request.url = "http://127.0.0.1:1/";
  const auto answer = transport.Send(request);
  EXPECT_EQ(answer.status().message(), "stopping");
}

}  // namespace
}  // namespace tocsin::app
