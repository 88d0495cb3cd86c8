#include "app/account_service.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "base/log.h"
#include "base/random.h"
#include "storage/memory_store.h"
#include "storage/sample_log.h"
#include "tests/app/eventually.h"
#include "tests/opsgenie_sim/sim_server.h"

namespace tocsin::app {
namespace {

constexpr char kKey[] = "11111111-2222-4333-8444-555555555555";
const SystemClock kClock;

// An engine and delivery that are not started, so that what is owed stays owed.
class AccountServiceTest : public testing::Test {
 protected:
  AccountServiceTest() : server_(Options(), kClock), outbox_(store_, 100) {
    SetLogLevel(LogLevel::kError);
    EXPECT_TRUE(server_.Start("127.0.0.1:0").ok());
    EXPECT_TRUE(outbox_.Recover().ok());
    auto log = storage::OpenSampleLog(store_);
    EXPECT_TRUE(log.ok());
    log_ = *std::move(log);
    engine_ = std::make_unique<engine::Engine>(engine::EngineOptions(), store_, outbox_, *log_,
                                               kClock, metrics_);
    auto receivers = std::make_shared<delivery::ReceiversAndRoutes>();
    opsgenie::OpsgenieConfig config;
    config.api_url = server_.url();
    config.api_key = Secret(kKey);
    config.heartbeat.name = "tocsin";
    receivers->receivers["r"].opsgenie_configs = {config};
    receivers->route.receiver = "r";
    receivers_ = receivers;
    delivery_ = std::make_unique<delivery::Delivery>(
        outbox_, metrics_, random_,
        [](const std::string& text, const state::v1::DesiredPage&) { return text; }, receivers_);
    delivery_loop_ =
        std::make_unique<delivery::DeliveryLoop>(*delivery_, outbox_, transport_, kClock);
  }
  ~AccountServiceTest() override { SetLogLevel(LogLevel::kInfo); }

  static sim::SimOptions Options() {
    sim::SimOptions options;
    options.keys[kKey] = {};
    return options;
  }
  void Owe(absl::Duration since) {
    state::v1::DesiredPage page;
    page.set_alias("a");
    page.set_sequence(1);
    page.set_episode(1);
    page.set_open(true);
    page.set_changed_ms((kClock.Now() - since).millis());
    ASSERT_TRUE(outbox_.Write(page).ok());
  }
  void StartService() {
    service_ = std::make_unique<AccountService>(
        AccountService::Parts{*engine_, outbox_, *delivery_, *delivery_loop_, kClock, metrics_},
        receivers_);
  }
  bool EventuallyPinged(const std::string& outcome) {
    const std::string line =
        "tocsin_heartbeats_total{outcome=\"" + outcome + "\",receiver=\"r\"} 1\n";
    return Eventually([&] { return absl::StrContains(metrics_.ExpositionText(), line); });
  }

  sim::SimServer server_;
  storage::MemoryStore store_;
  storage::Outbox outbox_;
  std::unique_ptr<storage::SampleLog> log_;
  Metrics metrics_;
  SeededRandom random_{7};
  http_client::CurlTransport transport_;
  std::unique_ptr<engine::Engine> engine_;
  std::shared_ptr<const delivery::ReceiversAndRoutes> receivers_;
  std::unique_ptr<delivery::Delivery> delivery_;
  std::unique_ptr<delivery::DeliveryLoop> delivery_loop_;
  std::unique_ptr<AccountService> service_;
};

TEST_F(AccountServiceTest, PingsWhileWhatIsOwedIsYoung) {
  Owe(absl::Minutes(4));
  StartService();
  EXPECT_TRUE(EventuallyPinged("sent"));
}

TEST_F(AccountServiceTest, WithholdsPingsWhileSomethingIsOwedForLong) {
  Owe(absl::Minutes(6));
  StartService();
  EXPECT_TRUE(EventuallyPinged("withheld"));
  server_.WithSim([](sim::SimOpsgenie& sim) { EXPECT_EQ(sim.heartbeats().lost_pings(), 0); });
}

TEST_F(AccountServiceTest, GroupsMayMakeItLonger) {
  auto receivers = std::make_shared<delivery::ReceiversAndRoutes>(*receivers_);
  receivers->route.group_by = {{"cluster"}};
  receivers->route.group_interval = absl::Minutes(2);
  receivers_ = receivers;
  Owe(absl::Minutes(6));
  StartService();
  EXPECT_TRUE(EventuallyPinged("sent"));
}

}  // namespace
}  // namespace tocsin::app
