// Delivery when others act: people who close pages, reloads that change routes, receivers and
// accounts.

#include "integrations/delivery/delivery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "tests/opsgenie/delivery_world.h"

namespace tocsin::delivery {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const sim::SimAlert& Newest(const DeliveryWorld& world) {
  const auto& alerts = world.sim.alerts();
  EXPECT_FALSE(alerts.empty());
  return std::max_element(
             alerts.begin(), alerts.end(),
             [](const auto& a, const auto& b) { return a.second.tiny_id < b.second.tiny_id; })
      ->second;
}

opsgenie::OpsgenieConfig JsmTarget() {
  opsgenie::OpsgenieConfig target = TestTarget();
  target.profile = opsgenie::Profile::kJsm;
  return target;
}

TEST(DeliveryTest, ARaiseAfterSomebodyClosedThePageOpensItAnew) {
  for (const bool jsm : {false, true}) {
    SCOPED_TRACE(jsm);
    DeliveryWorld world(TestConfig(jsm ? JsmTarget() : TestTarget()), TestSim());
    world.Open("a", "warning");
    world.Run(absl::Seconds(1));
    world.CloseByHand("a");
    EXPECT_THAT(world.RemoteOpen(), IsEmpty());
    world.Change("a", "critical", "a is down");
    world.Run(absl::Seconds(2));
    EXPECT_THAT(world.RemoteOpen(), ElementsAre("a"));
    EXPECT_EQ(world.sim.alerts().size(), 2u);
    EXPECT_EQ(Newest(world).priority, "P1");
    EXPECT_EQ(Newest(world).message, "a is down");
    EXPECT_EQ(world.Metric(Pages("closed_by_others")), 1);
    EXPECT_EQ(world.Metric(Pages("created")), 2);
    world.Change("a", "critical", "still down");
    world.Run(absl::Seconds(2));
    EXPECT_EQ(Newest(world).message, jsm ? "a is down" : "still down");
    world.Close("a");
    world.Run(absl::Minutes(2));
    EXPECT_THAT(world.RemoteOpen(), IsEmpty());
    EXPECT_EQ(world.outbox->size(), 0u);
  }
}

TEST(DeliveryTest, AnUpdateThatFindsNoAlertSaysThatItWasClosed) {
  DeliveryWorld world(TestConfig(), TestSim());
  world.Open("a", "warning");
  world.Run(absl::Seconds(1));
  world.CloseByHand("a");
  world.sim.SetFaults({.statuses = {{"PUT", "/priority", 404}}});
  world.Change("a", "critical", "a is down");
  world.Run(absl::Seconds(2));
  EXPECT_THAT(world.RemoteOpen(), ElementsAre("a"));
}

TEST(DeliveryTest, WithoutARaiseSomebodysCloseIsRespected) {
  for (const bool crash : {false, true}) {
    DeliveryWorld world(TestConfig(), TestSim());
    world.Open("a");
    world.Run(absl::Seconds(1));
    world.CloseByHand("a");
    world.Change("a", "critical", "still down");
    world.Run(absl::Minutes(10));
    EXPECT_THAT(world.RemoteOpen(), IsEmpty());
    EXPECT_FALSE(world.outbox->OldestUnsettledMillis().has_value());
    if (crash) world.Crash(/*lose_buffered=*/false);
    world.Change("a", "warning", "a is slow");
    world.Run(absl::Minutes(2));
    EXPECT_THAT(world.RemoteOpen(), IsEmpty());
    EXPECT_EQ(world.CountSent("PUT", "/message"), 1u) << "one update found out";
    world.Change("a", "critical", "a is down again");
    world.Run(absl::Minutes(2));
    EXPECT_THAT(world.RemoteOpen(), ElementsAre("a")) << "it rose since it was closed";
    world.CloseByHand("a");
    world.Change("a", "critical", "a is on fire");
    world.Run(absl::Minutes(2));
    EXPECT_THAT(world.RemoteOpen(), IsEmpty());
    world.Close("a");
    world.Open("a");
    world.Run(absl::Minutes(2));
    EXPECT_THAT(world.RemoteOpen(), ElementsAre("a")) << "a new episode";
  }
}

TEST(DeliveryTest, TheCloseGoesWhereTheOpenWent) {
  ReceiversAndRoutes config = TestConfig();
  config.receivers["other"] = {"other", {TestTarget()}};
  config.receivers["other"].opsgenie_configs[0].api_url = "https://other.example";
  DeliveryWorld world(config, TestSim());
  world.Open("a");
  world.Run(absl::Seconds(1));
  config.route.receiver = "other";
  world.delivery->SetReceivers(std::make_shared<const ReceiversAndRoutes>(config));
  world.Close("a");
  world.Run(absl::Seconds(1));
  EXPECT_THAT(world.RemoteOpen(), IsEmpty());
  EXPECT_TRUE(absl::StartsWith(world.sim.journal().back().target, "https://api.example"));
  world.Open("b");
  world.Run(absl::Seconds(1));
  EXPECT_TRUE(absl::StartsWith(world.sim.journal().back().target, "https://other.example"));
}

// Two receivers at two URLs, whose accounts the simulator tells apart by key.
ReceiversAndRoutes TwoReceivers() {
  ReceiversAndRoutes config = TestConfig();
  config.receivers["other"] = {"other", {TestTarget()}};
  config.receivers["other"].opsgenie_configs[0].api_url = "https://other.example";
  config.receivers["other"].opsgenie_configs[0].api_key = Secret(kOtherKey);
  return config;
}
sim::SimOptions TwoAccounts() {
  sim::SimOptions options = TestSim();
  options.keys[kOtherKey].account = "other";
  return options;
}
std::vector<std::string> OpenAt(const DeliveryWorld& world, const std::string& account) {
  std::vector<std::string> out;
  for (const auto& [id, alert] : world.sim.alerts()) {
    if (alert.open && alert.account == account) out.push_back(alert.alias);
  }
  return out;
}

TEST(DeliveryTest, ACorrectedRouteDeliversWhatFiresAlready) {
  for (const bool restart : {false, true}) {
    SCOPED_TRACE(restart);
    ReceiversAndRoutes config = TwoReceivers();
    DeliveryWorld world(config, TwoAccounts());
    world.Open("a");
    world.Open("closed");
    world.Run(absl::Seconds(1));
    world.Close("closed");
    config.route.receiver = "other";
    world.config = std::make_shared<const ReceiversAndRoutes>(config);
    if (restart)
      world.Crash(/*lose_buffered=*/false);
    else
      world.delivery->SetReceivers(world.config);
    world.Run(absl::Seconds(1));
    EXPECT_THAT(OpenAt(world, "other"), ElementsAre("a"));
    EXPECT_THAT(OpenAt(world, "main"), ElementsAre("a")) << "it keeps what it has";
    world.delivery->SetReceivers(world.config);
    world.Run(absl::Seconds(1));
    EXPECT_EQ(world.CountSent("POST", "/v2/alerts"), 3u);
    world.Close("a");
    world.Run(absl::Minutes(2));
    EXPECT_THAT(world.RemoteOpen(), IsEmpty());
    EXPECT_EQ(world.outbox->size(), 0u);
  }
}

// The page fired under no receiver at all: the root swallowed it.
TEST(DeliveryTest, ARouteThatSwallowedIsCorrected) {
  ReceiversAndRoutes config = TestConfig();
  config.receivers["null"] = {"null", {}};
  config.route.receiver = "null";
  DeliveryWorld world(config, TestSim());
  world.Open("a");
  world.Run(absl::Seconds(1));
  EXPECT_THAT(world.RemoteOpen(), IsEmpty());
  config.route.receiver = "payments";
  world.delivery->SetReceivers(std::make_shared<const ReceiversAndRoutes>(config));
  world.Run(absl::Seconds(1));
  EXPECT_THAT(world.RemoteOpen(), ElementsAre("a"));
}

std::vector<std::string> TargetsOf(const DeliveryWorld& world, const std::string& path_part) {
  std::vector<std::string> out;
  for (const auto& entry : world.sim.journal()) {
    if (absl::StrContains(entry.target, path_part)) out.push_back(entry.target);
  }
  return out;
}

TEST(DeliveryTest, AfterAChangeOfTheUrlThePageIsNamedByItsAlias) {
  ReceiversAndRoutes config = TwoReceivers();
  // It may not read, so it closes what may be there.
  sim::SimOptions options = TwoAccounts();
  options.keys[kOtherKey].kind = sim::KeyKind::kWriteOnly;
  DeliveryWorld world(config, options);
  world.Open("a");
  world.Run(absl::Seconds(1));
  testing::internal::CaptureStderr();
  config.receivers["payments"] = {"payments", config.receivers["other"].opsgenie_configs};
  world.delivery->SetReceivers(std::make_shared<const ReceiversAndRoutes>(config));
  world.Close("a");
  world.Run(absl::Seconds(2));
  EXPECT_THAT(TargetsOf(world, "/close"),
              ElementsAre("https://other.example/v2/alerts/a/close?identifierType=alias"));
  EXPECT_EQ(world.outbox->size(), 0u);
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(CountOf(log, "URL or profile"), 1u) << log;
  EXPECT_EQ(CountOf(log, kOtherKey), 0u);
}

TEST(DeliveryTest, ANewKeyOfTheSameAccountKeepsTheAlertsId) {
  ReceiversAndRoutes config = TestConfig();
  sim::SimOptions options = TestSim();
  options.keys[kOtherKey] = {};
  DeliveryWorld world(config, options);
  world.Open("a");
  world.Run(absl::Seconds(1));
  config.receivers["payments"].opsgenie_configs[0].api_key = Secret(kOtherKey);
  world.delivery->SetReceivers(std::make_shared<const ReceiversAndRoutes>(config));
  world.Close("a");
  world.Run(absl::Seconds(2));
  ASSERT_EQ(TargetsOf(world, "/close").size(), 1u);
  EXPECT_TRUE(absl::StrContains(TargetsOf(world, "/close")[0], "identifierType=id"));
  EXPECT_THAT(world.RemoteOpen(), IsEmpty());
}

TEST(DeliveryTest, TargetsThatChangedPlacesAreClosedAllTheSame) {
  for (const bool same_url : {false, true}) {
    SCOPED_TRACE(same_url);
    ReceiversAndRoutes config = TestConfig();
    auto& targets = config.receivers["payments"].opsgenie_configs;
    targets.push_back(TwoReceivers().receivers["other"].opsgenie_configs[0]);
    if (same_url) targets[1].api_url = targets[0].api_url;
    DeliveryWorld world(config, TwoAccounts());
    world.Open("a");
    world.Run(absl::Seconds(1));
    EXPECT_THAT(world.RemoteOpen(), ElementsAre("a", "a"));
    std::swap(targets[0], targets[1]);
    world.config = std::make_shared<const ReceiversAndRoutes>(config);
    world.Crash(/*lose_buffered=*/false);
    world.Close("a");
    world.Run(absl::Minutes(2));
    EXPECT_THAT(world.RemoteOpen(), IsEmpty());
    EXPECT_EQ(world.outbox->size(), 0u);
  }
}

TEST(DeliveryTest, APageUnderWayToTheOldUrlIsSentToTheNewOne) {
  for (const bool answered : {false, true}) {
    SCOPED_TRACE(answered);
    ReceiversAndRoutes config = TwoReceivers();
    sim::SimOptions options = TwoAccounts();
    options.delay = absl::Seconds(3);
    DeliveryWorld world(config, options);
    world.SetLatency(absl::Milliseconds(100));
    world.Open("a");
    world.Run(absl::Milliseconds(answered ? 150 : 50));
    config.receivers["payments"] = {"payments", config.receivers["other"].opsgenie_configs};
    world.delivery->SetReceivers(std::make_shared<const ReceiversAndRoutes>(config));
    world.Run(absl::Seconds(10));
    EXPECT_THAT(OpenAt(world, "other"), ElementsAre("a"));
  }
}

TEST(DeliveryTest, ATargetThatVanishedAcrossARestartIsDroppedWithAnError) {
  DeliveryWorld world(TestConfig(), TestSim());
  world.Open("a");
  world.Run(absl::Seconds(1));
  ReceiversAndRoutes config;
  config.receivers["null"] = {"null", {}};
  config.route.receiver = "null";
  world.config = std::make_shared<const ReceiversAndRoutes>(config);
  world.Crash(/*lose_buffered=*/false);
  EXPECT_EQ(world.Metric(Pages("vanished")), 1);
  world.Close("a");
  world.Run(absl::Seconds(1));
  EXPECT_EQ(world.outbox->size(), 0u);
}

}  // namespace
}  // namespace tocsin::delivery
