// Open pages that are told again, and the ends of what holds them.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/check.h"
#include "tests/opsgenie/escalating_world.h"

namespace tocsin::delivery {
namespace {

using sim::ActionKind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

// An open warning within a silence of an hour that began after five minutes.
class DeliverySilencedTest : public ::testing::Test {
 protected:
  void Start(ReceiversAndRoutes config, const sim::FaultPlan& faults = {}) {
    world_ = std::make_unique<DeliveryWorld>(std::move(config), TwoAccounts(), 1, &suppressor_);
    silences_.SetListener([this] { world_->delivery->SuppressionChanged(); });
    world_->sim.SetFaults(faults);
    world_->Open("a", "warning");
    world_->Run(absl::Minutes(5));
    TOCSIN_CHECK(silences_
                     .Set({.matchers = *ParseMatchers(R"(service="a")"),
                           .starts_at = world_->now,
                           .ends_at = world_->now + absl::Hours(1),
                           .created_by = "test"},
                          world_->now)
                     .ok());
    world_->Run(absl::Minutes(10));
  }

  storage::MemoryStore store_;
  SeededRandom random_{1};
  Metrics metrics_;
  routing::Silences silences_{store_, random_, Limits(), metrics_};
  routing::Suppressor suppressor_{silences_, {}};
  std::unique_ptr<DeliveryWorld> world_;
};

TEST(DeliveryRepeatTest, APageThatNobodyHasInHandIsToldAgain) {
  DeliveryWorld world(Repeating(), TwoAccounts());
  world.Open("a");
  world.Run(absl::Minutes(190));
  EXPECT_EQ(OnlyAlert(world).count, 4);
  EXPECT_EQ(world.Metric(Pages("repeated")), 3);
  EXPECT_EQ(world.Metric(Pages("created")), 1);
  world.Crash(/*lose_buffered=*/false);
  world.Run(absl::Minutes(30));
  EXPECT_EQ(OnlyAlert(world).count, 4) << "a restart is no reason";
  world.ByHand("a", ActionKind::kAcknowledge);
  world.Run(absl::Hours(5));
  EXPECT_EQ(OnlyAlert(world).count, 4);
  world.Close("a");
  world.Run(absl::Hours(5));
  EXPECT_EQ(world.outbox->size(), 0u);
  EXPECT_EQ(world.CountSent("POST", "/v2/alerts"), 4u);
}

TEST(DeliveryRepeatTest, OfRoutesTheirOwn) {
  ReceiversAndRoutes config = Repeating();
  Route quiet;
  quiet.matchers = *ParseMatchers(R"(team="quiet")");
  quiet.repeat_interval = absl::ZeroDuration();
  config.route.routes = {quiet};
  DeliveryWorld world(config, TwoAccounts());
  world.Open("a", "critical", "quiet");
  world.Run(absl::Hours(5));
  EXPECT_EQ(OnlyAlert(world).count, 1);
}

// No webhook tells of what people do here.
class DeliveryRepeatUnheardTest : public ::testing::Test {
 protected:
  DeliveryRepeatUnheardTest() {
    world_.SetHears(false);
    world_.Open("a");
    world_.Run(absl::Minutes(5));
  }
  DeliveryWorld world_{Repeating(), TwoAccounts()};
};

TEST_F(DeliveryRepeatUnheardTest, ThePageIsReadBeforeItIsToldAgain) {
  world_.ByHand("a", ActionKind::kClose);
  world_.Run(absl::Hours(2));
  EXPECT_THAT(world_.RemoteOpen(), IsEmpty()) << "somebody closed it";
  EXPECT_EQ(world_.CountSent("POST", "/v2/alerts"), 1u);
}

TEST_F(DeliveryRepeatUnheardTest, AlsoAfterWeWereAway) {
  world_.ByHand("a", ActionKind::kAcknowledge);
  world_.now = world_.now + absl::Hours(2);
  world_.Crash(/*lose_buffered=*/false);
  world_.Run(absl::Hours(2));
  EXPECT_EQ(OnlyAlert(world_).count, 1);
}

TEST_F(DeliveryRepeatUnheardTest, ButNotForLongWhereNobodyAnswers) {
  world_.sim.SetFaults({.statuses = {{"GET", "/v2/alerts/a", 503}}});
  world_.Run(absl::Minutes(57));
  EXPECT_EQ(OnlyAlert(world_).count, 2);
  world_.Run(absl::Hours(1));
  EXPECT_EQ(OnlyAlert(world_).count, 3) << "each hour once";
}

TEST_F(DeliveryRepeatUnheardTest, NorDoesOneThatIsTriedAgainOpenWhatSomebodyClosed) {
  world_.sim.SetFaults({.statuses = {{"POST", "/v2/alerts", 503}}});
  world_.Run(absl::Minutes(55) + absl::Seconds(2));
  ASSERT_GE(world_.CountSent("POST", "/v2/alerts"), 2u);
  world_.ByHand("a", ActionKind::kClose);
  world_.Run(absl::Minutes(2));
  world_.sim.SetFaults({});
  world_.Run(absl::Hours(2));
  EXPECT_THAT(world_.RemoteOpen(), IsEmpty());
}

TEST_F(DeliveryRepeatUnheardTest, NorOneThatWasLost) {
  world_.SetLatency(absl::Seconds(1));
  world_.Run(absl::Minutes(55) + absl::Milliseconds(500));  // it is read now
  world_.sim.SetFaults({.drop_before = 1});
  world_.Run(absl::Seconds(1));
  ASSERT_EQ(world_.CountSent("POST", "/v2/alerts"), 2u);
  world_.ByHand("a", ActionKind::kClose);
  world_.sim.SetFaults({});
  world_.Run(absl::Hours(2));
  EXPECT_THAT(world_.RemoteOpen(), IsEmpty());
}

TEST_F(DeliveryRepeatUnheardTest, OneThatIsRefusedLeavesThePageAsItIs) {
  world_.sim.SetFaults({.statuses = {{"POST", "/v2/alerts", 422}}});
  world_.Run(absl::Minutes(60));
  world_.sim.SetFaults({});
  EXPECT_FALSE(world_.outbox->OldestUnsettledMillis().has_value());
  world_.Run(absl::Minutes(30));
  EXPECT_EQ(OnlyAlert(world_).count, 1);
  world_.Run(absl::Minutes(30));
  EXPECT_EQ(OnlyAlert(world_).count, 2) << "the next one comes in its time";
}

TEST(DeliveryRepeatTest, ThoseOfASnoozedPageGoOnWhenItEnds) {
  DeliveryWorld world(Repeating(), TwoAccounts());
  world.Open("a");
  world.Run(absl::Minutes(30));
  world.ByHand("a", ActionKind::kSnooze,
               {{"endTime", FormatTimestamp(world.now + absl::Minutes(90))}});
  world.Run(absl::Minutes(5));
  world.SetHears(false);
  world.Run(absl::Minutes(80));
  EXPECT_EQ(OnlyAlert(world).count, 1);
  world.Run(absl::Minutes(10));
  EXPECT_EQ(OnlyAlert(world).count, 2);
  world.Run(absl::Minutes(61));
  EXPECT_EQ(OnlyAlert(world).count, 3);
}

// The first create left without a trace, and a look finds its page.
TEST(DeliveryRepeatTest, APageOfBeforeACrashIsToldAgainInItsTime) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE(seed);
    DeliveryWorld world(Repeating(), TwoAccounts(), seed);
    world.Open("a");
    world.Run(absl::Milliseconds(1));
    world.Crash(/*lose_buffered=*/true);
    world.Run(absl::Minutes(50));
    EXPECT_LE(world.CountSent("POST", "/v2/alerts"), 2u);
    const auto count = OnlyAlert(world).count;
    world.Run(absl::Minutes(15));
    EXPECT_EQ(OnlyAlert(world).count, count + 1);
  }
}

TEST(DeliveryRepeatTest, AnOpenPageIsToldAgainWhenItsSilenceEnds) {
  storage::MemoryStore store;
  SeededRandom random(1);
  Metrics metrics;
  routing::Silences silences(store, random, Limits(), metrics);
  routing::Suppressor suppressor(silences, {});
  DeliveryWorld world(Escalating(), TwoAccounts(), 1, &suppressor);
  silences.SetListener([&] { world.delivery->SuppressionChanged(); });
  world.Open("a", "warning");
  world.Run(absl::Minutes(5));
  ASSERT_TRUE(silences
                  .Set({.matchers = *ParseMatchers(R"(service="a")"),
                        .starts_at = world.now,
                        .ends_at = world.now + absl::Hours(1),
                        .created_by = "test"},
                       world.now)
                  .ok());
  world.Run(absl::Minutes(30));
  world.Crash(/*lose_buffered=*/false);
  world.Run(absl::Minutes(29));
  EXPECT_EQ(OnlyAlert(world).count, 1);
  EXPECT_EQ(OnlyAlert(world).priority, "P3") << "nothing escalates that nobody is to be told of";
  world.Run(absl::Minutes(3));
  EXPECT_EQ(OnlyAlert(world).count, 2);
  world.Run(absl::Minutes(10));
  EXPECT_EQ(OnlyAlert(world).count, 2);
  EXPECT_EQ(OnlyAlert(world).priority, "P3") << "its time begins with the end of the silence";
  world.Run(absl::Minutes(5));
  EXPECT_EQ(OnlyAlert(world).priority, "P1");
}

TEST_F(DeliverySilencedTest, ItEscalatesAfterwardsThoughTheReceiverIsAway) {
  Start(Escalating());
  world_->sim.SetFaults({.drop_before = 1});
  world_->Run(absl::Minutes(50 + 17));
  world_->sim.SetFaults({});
  world_->Run(absl::Minutes(2));
  EXPECT_EQ(OnlyAlert(*world_).priority, "P1");
}

TEST_F(DeliverySilencedTest, WhatChangedMeanwhileDoesNotStandForTheNotification) {
  Start(TestConfig());
  world_->Change("a", "critical", "a is down");
  world_->Run(absl::Minutes(55));
  EXPECT_EQ(OnlyAlert(*world_).priority, "P1");
  EXPECT_EQ(OnlyAlert(*world_).count, 2);
}

TEST_F(DeliverySilencedTest, ANewPageForAWorseLevelWaitsWithItsClose) {
  opsgenie::OpsgenieConfig target = TestTarget();
  target.repage_on_escalation = true;
  Start(TestConfig(target));
  world_->Change("a", "critical", "a is down");
  world_->Run(absl::Minutes(30));
  EXPECT_TRUE(OnlyAlert(*world_).open);
  world_->Run(absl::Minutes(25));
  EXPECT_EQ(world_->sim.alerts().size(), 2u);
  EXPECT_THAT(world_->RemoteOpen(), ElementsAre("a"));
}

TEST_F(DeliverySilencedTest, WhatSomebodyClosesMeanwhileIsNotOpenedAnew) {
  Start(TestConfig());
  world_->SetHears(false);
  world_->ByHand("a", ActionKind::kClose);
  world_->Run(absl::Hours(2));
  EXPECT_THAT(world_->RemoteOpen(), IsEmpty());
}

TEST_F(DeliverySilencedTest, APageThatWasNotThereYetBeginsToCountAtItsEnd) {
  Start(Escalating(), {.drop_before = 1});
  world_->sim.SetFaults({});
  world_->Run(absl::Minutes(50 + 10));
  EXPECT_EQ(In(*world_, "main").priority, "P3");
  world_->Run(absl::Minutes(6));
  EXPECT_EQ(In(*world_, "main").priority, "P1");
}

// A warning is inhibited by a critical alert of its team, or muted at some times.
TEST(DeliveryHeldTest, TheTimeOfAStepBeginsWhenTheHoldEnds) {
  storage::MemoryStore store;
  SeededRandom random(1);
  Metrics metrics;
  routing::Silences silences(store, random, Limits(), metrics);
  routing::SuppressorConfig suppression;
  suppression.inhibit_rules.push_back({*ParseMatchers(R"(severity="critical")"),
                                       *ParseMatchers(R"(severity="warning")"),
                                       {"team"}});
  routing::Suppressor suppressor(silences, suppression);
  DeliveryWorld world(Escalating(), TwoAccounts(), 1, &suppressor);
  world.Open("a", "warning");
  world.Run(absl::Minutes(5));
  world.Open("b", "critical");
  world.Run(absl::Hours(1));
  world.Close("b");
  world.Run(absl::Minutes(10));
  const auto& alerts = world.sim.alerts();
  const auto a = std::find_if(alerts.begin(), alerts.end(),
                              [](const auto& entry) { return entry.second.alias == "a"; });
  ASSERT_NE(a, alerts.end());
  EXPECT_EQ(a->second.priority, "P3");
  world.Run(absl::Minutes(6));
  EXPECT_EQ(a->second.priority, "P1");
  EXPECT_EQ(a->second.count, 1) << "only the end of a silence tells it again";
}

}  // namespace
}  // namespace tocsin::delivery
