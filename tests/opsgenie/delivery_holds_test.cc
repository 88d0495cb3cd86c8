// What is silenced, inhibited or muted is not told; when that ends and it still fires, it is.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/check.h"
#include "integrations/routing/suppressor.h"
#include "storage/memory_store.h"
#include "tests/opsgenie/delivery_world.h"

namespace tocsin::delivery {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<Matcher> Matchers(const std::string& text) {
  auto matchers = ParseMatchers(text);
  TOCSIN_CHECK(matchers.ok()) << matchers.status();
  return *std::move(matchers);
}

// Warnings are inhibited by criticals of the same team.
routing::SuppressorConfig Inhibition() {
  routing::SuppressorConfig config;
  config.inhibit_rules.push_back(
      {Matchers(R"(severity="critical")"), Matchers(R"(severity="warning")"), {"team"}});
  return config;
}

class DeliveryHoldsTest : public ::testing::Test {
 protected:
  void Start(const routing::SuppressorConfig& suppression = {},
             ReceiversAndRoutes config = TestConfig()) {
    suppressor_ = std::make_unique<routing::Suppressor>(silences_, suppression);
    world_ = std::make_unique<DeliveryWorld>(std::move(config), TestSim(), 1, suppressor_.get());
    silences_.SetListener([this] { world_->delivery->SuppressionChanged(); });
  }
  std::string Silence(const std::string& matchers, absl::Duration span) {
    const auto id = silences_.Set({.matchers = Matchers(matchers),
                                   .starts_at = world_->now,
                                   .ends_at = world_->now + span,
                                   .created_by = "test"},
                                  world_->now);
    TOCSIN_CHECK(id.ok()) << id.status();
    return *id;
  }
  size_t Creates() { return world_->CountSent("POST", "/v2/alerts"); }

  storage::MemoryStore store_;
  SeededRandom random_{1};
  Metrics metrics_;
  routing::Silences silences_{store_, random_, Limits(), metrics_};
  std::unique_ptr<routing::Suppressor> suppressor_;
  std::unique_ptr<DeliveryWorld> world_;
};

TEST_F(DeliveryHoldsTest, ASilencedAlertIsToldWhenTheSilenceEndsAndItStillFires) {
  Start();
  Silence(R"(service="a")", absl::Hours(1));
  world_->Open("a");
  world_->Open("b");
  world_->Run(absl::Minutes(59));
  EXPECT_THAT(world_->RemoteOpen(), ElementsAre("b"));
  EXPECT_FALSE(world_->outbox->OldestUnsettledMillis().has_value()) << "held is not owed";
  world_->Run(absl::Minutes(2));
  EXPECT_THAT(world_->RemoteOpen(), ElementsAre("a", "b"));
}

TEST_F(DeliveryHoldsTest, WhatBeginsAndEndsInASilenceIsNeverTold) {
  Start();
  Silence(R"(service="a")", absl::Hours(1));
  world_->Open("a");
  world_->Run(absl::Minutes(1));
  world_->Close("a");
  world_->Run(absl::Hours(2));
  EXPECT_EQ(Creates(), 0u);
  EXPECT_EQ(world_->outbox->size(), 0u);
}

TEST_F(DeliveryHoldsTest, ASilenceThatIsExpiredByHandEndsAtOnce) {
  Start();
  const std::string id = Silence(R"(service="a")", absl::Hours(1));
  world_->Open("a");
  world_->Run(absl::Seconds(10));
  EXPECT_TRUE(silences_.Expire(id, world_->now).ok());
  world_->Run(absl::Seconds(10));
  EXPECT_THAT(world_->RemoteOpen(), ElementsAre("a"));
}

TEST_F(DeliveryHoldsTest, AnOpenPageIsLeftAsItIsWhileSilencedButCloses) {
  Start();
  world_->Open("a", "warning");
  world_->Run(absl::Seconds(10));
  Silence(R"(service="a")", absl::Hours(1));
  world_->Change("a", "critical", "worse");
  world_->Run(absl::Minutes(1));
  EXPECT_EQ(OnlyAlert(*world_).priority, "P3") << "nobody is told";
  world_->Close("a");
  world_->Run(absl::Minutes(1));
  EXPECT_THAT(world_->RemoteOpen(), IsEmpty());
}

TEST_F(DeliveryHoldsTest, AChangeWithinASilenceIsToldAfterIt) {
  Start();
  world_->Open("a", "warning");
  world_->Run(absl::Seconds(10));
  Silence(R"(service="a")", absl::Minutes(5));
  world_->Change("a", "critical", "worse");
  world_->Run(absl::Minutes(6));
  EXPECT_EQ(OnlyAlert(*world_).priority, "P1");
  EXPECT_EQ(OnlyAlert(*world_).message, "worse");
}

TEST_F(DeliveryHoldsTest, AnInhibitedAlertIsToldWhenItsSourceEnds) {
  Start(Inhibition());
  world_->Open("source", "critical");
  world_->Open("target", "warning");
  world_->Run(absl::Minutes(1));
  EXPECT_THAT(world_->RemoteOpen(), ElementsAre("source"));
  world_->Close("source");
  world_->Run(absl::Minutes(1));
  EXPECT_THAT(world_->RemoteOpen(), ElementsAre("target"));
}

TEST_F(DeliveryHoldsTest, ATargetDoesNotRaceOutBeforeItsSource) {
  Start(Inhibition());
  world_->Open("target", "warning");
  world_->Run(absl::Milliseconds(900));
  world_->Open("source", "critical");
  world_->Run(absl::Minutes(1));
  EXPECT_THAT(world_->RemoteOpen(), ElementsAre("source"));
  EXPECT_EQ(Creates(), 1u);
}

TEST_F(DeliveryHoldsTest, OnlyWhatCouldBeInhibitedWaits) {
  Start(Inhibition());
  world_->Open("critical", "critical");
  world_->Open("warning", "warning", "search");
  world_->Run(absl::Milliseconds(500));
  EXPECT_EQ(Creates(), 1u);
  world_->Run(absl::Seconds(10));
  EXPECT_THAT(world_->RemoteOpen(), ElementsAre("critical", "warning"));
}

TEST_F(DeliveryHoldsTest, InhibitionHoldsFromTheStart) {
  Start(Inhibition());
  world_->Open("source", "critical");
  world_->Run(absl::Seconds(10));
  world_->Crash(/*lose_buffered=*/true);
  suppressor_->SetConfig(Inhibition());
  world_->Open("target", "warning");
  world_->Run(absl::Minutes(1));
  EXPECT_THAT(world_->RemoteOpen(), ElementsAre("source"));
}

TEST_F(DeliveryHoldsTest, ARouteIsMutedInItsIntervals) {
  ReceiversAndRoutes config = TestConfig();
  Route child;
  child.receiver = config.route.receiver;
  child.mute_time_intervals = {"then"};
  config.route.routes.push_back(child);
  routing::SuppressorConfig suppression;
  routing::TimeInterval until_ten_past;  // kStart is 22:13:20 UTC
  until_ten_past.times.push_back({.begin_minute = 0, .end_minute = 22 * 60 + 30});
  suppression.time_intervals["then"].intervals = {until_ten_past};
  Start(suppression, config);
  world_->Open("a");
  world_->Run(absl::Minutes(16));
  EXPECT_THAT(world_->RemoteOpen(), IsEmpty());
  world_->Run(absl::Minutes(2));
  EXPECT_THAT(world_->RemoteOpen(), ElementsAre("a"));
}

TEST_F(DeliveryHoldsTest, SilencedAlertsAreNoPartOfAGroupsPage) {
  ReceiversAndRoutes config = TestConfig();
  config.route.group_by = {{"team"}};
  Start({}, config);
  Silence(R"(service="a")", absl::Minutes(30));
  world_->Open("a");
  world_->Open("b");
  world_->Run(absl::Minutes(10));
  EXPECT_EQ(OnlyAlert(*world_).message, "b is critical");
  EXPECT_FALSE(world_->outbox->OldestUnsettledMillis().has_value());
  world_->Run(absl::Minutes(30));
  EXPECT_EQ(OnlyAlert(*world_).message, "2 alerts: team=payments");
}

}  // namespace
}  // namespace tocsin::delivery
