// What people do with pages at OpsGenie, told by its webhook, found in its list, or read.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/opsgenie/delivery_world.h"

namespace tocsin::delivery {
namespace {

using sim::ActionKind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const TargetKey kTarget{"payments", TargetDelivery::OPSGENIE, 0};

sim::SimOptions WithWebhooks() {
  sim::SimOptions options = TestSim();
  options.webhooks = true;
  return options;
}

// The record as a restart would find it.
TargetDelivery RecordOf(const DeliveryWorld& world, const std::string& alias) {
  const auto entry = world.outbox->Find(alias);
  EXPECT_TRUE(entry.has_value() && entry->progress.targets_size() == 1);
  return entry->progress.targets(0);
}

enum class Way { kWebhook, kList };

class DeliveryPeopleTest : public ::testing::TestWithParam<std::pair<Way, bool>> {
 protected:
  bool webhook() const { return GetParam().first == Way::kWebhook; }
  bool jsm() const { return GetParam().second; }
  std::unique_ptr<DeliveryWorld> MakeWorld(
      const std::function<void(opsgenie::OpsgenieConfig&)>& change = {}) {
    opsgenie::OpsgenieConfig target = jsm() ? JsmTarget() : TestTarget();
    if (change) change(target);
    auto world = std::make_unique<DeliveryWorld>(TestConfig(target), WithWebhooks());
    world->SetHears(webhook());
    return world;
  }
  void Learn(DeliveryWorld& world) {
    world.Run(absl::Seconds(2));
    if (!webhook()) world.List(kTarget);
    world.Run(absl::Seconds(2));
  }
};

TEST_P(DeliveryPeopleTest, AcknowledgementsAndSnoozesComeBack) {
  const auto world = MakeWorld();
  world->Open("a");
  world->Run(absl::Seconds(2));
  EXPECT_FALSE(RecordOf(*world, "a").acknowledged());
  world->ByHand("a", ActionKind::kAcknowledge);
  Learn(*world);
  EXPECT_TRUE(RecordOf(*world, "a").acknowledged());
  world->Crash(/*lose_buffered=*/false);
  world->Run(absl::Minutes(2));
  EXPECT_TRUE(RecordOf(*world, "a").acknowledged()) << "it survives";
  world->ByHand("a", ActionKind::kUnacknowledge);
  Learn(*world);
  EXPECT_FALSE(RecordOf(*world, "a").acknowledged());
  world->ByHand("a", ActionKind::kSnooze,
                {{"endTime", FormatTimestamp(world->now + absl::Hours(1))}});
  Learn(*world);
  EXPECT_GT(RecordOf(*world, "a").snoozed_until_ms(), world->now.millis());
  world->Close("a");
  world->Run(absl::Minutes(3));
  EXPECT_THAT(world->RemoteOpen(), IsEmpty());
  EXPECT_EQ(world->outbox->size(), 0u);
  EXPECT_THAT(world->Refusals(), IsEmpty());
}

TEST_P(DeliveryPeopleTest, ANewEpisodeIsNobodysYet) {
  const auto world = MakeWorld();
  world->Open("a");
  world->Run(absl::Seconds(2));
  world->ByHand("a", ActionKind::kAcknowledge);
  Learn(*world);
  world->Close("a");
  world->Run(absl::Seconds(2));
  world->Open("a");
  Learn(*world);
  EXPECT_FALSE(RecordOf(*world, "a").acknowledged());
}

TEST_P(DeliveryPeopleTest, APageThatSomebodyClosesIsOpenedAnewAfterATime) {
  const auto world =
      MakeWorld([](opsgenie::OpsgenieConfig& target) { target.reopen_after = absl::Hours(2); });
  world->Open("a");
  world->Run(absl::Seconds(2));
  world->ByHand("a", ActionKind::kClose);
  Learn(*world);
  EXPECT_TRUE(RecordOf(*world, "a").closed_by_others());
  world->Run(absl::Minutes(110));
  EXPECT_THAT(world->RemoteOpen(), IsEmpty()) << "respected for a time";
  EXPECT_FALSE(world->outbox->OldestUnsettledMillis().has_value()) << "and owed to nobody";
  world->Crash(/*lose_buffered=*/false);
  world->Run(absl::Minutes(15));
  EXPECT_THAT(world->RemoteOpen(), ElementsAre("a"));
  EXPECT_EQ(world->sim.alerts().size(), 2u);
  world->Close("a");
  world->Run(absl::Minutes(3));
  EXPECT_THAT(world->RemoteOpen(), IsEmpty());
  EXPECT_EQ(world->outbox->size(), 0u);
}

TEST_P(DeliveryPeopleTest, OrNever) {
  const auto world =
      MakeWorld([](opsgenie::OpsgenieConfig& target) { target.reopen_after = std::nullopt; });
  world->Open("a");
  world->Run(absl::Seconds(2));
  world->ByHand("a", ActionKind::kClose);
  Learn(*world);
  world->Run(absl::Hours(200));
  EXPECT_THAT(world->RemoteOpen(), IsEmpty());
}

TEST_P(DeliveryPeopleTest, WhatPeopleChangeStaysAsTheyWantIt) {
  const auto world = MakeWorld();
  world->Open("a");
  world->Run(absl::Seconds(2));
  world->ByHand("a", ActionKind::kSetPriority, {{"priority", "P4"}});
  world->ByHand("a", ActionKind::kAcknowledge);
  Learn(*world);
  EXPECT_EQ(OnlyAlert(*world).priority, "P4");
  world->Crash(/*lose_buffered=*/false);
  world->Run(absl::Minutes(5));
  EXPECT_EQ(OnlyAlert(*world).priority, "P4");
}

INSTANTIATE_TEST_SUITE_P(Ways, DeliveryPeopleTest,
                         ::testing::Values(std::pair(Way::kWebhook, false),
                                           std::pair(Way::kList, false),
                                           std::pair(Way::kWebhook, true)),
                         [](const auto& one) {
                           return std::string(one.param.first == Way::kList ? "List" : "Webhook") +
                                  (one.param.second ? "Jsm" : "Opsgenie");
                         });

opsgenie::WebhookEvent Event(const std::string& body) {
  auto event = opsgenie::ParseWebhook(body);
  EXPECT_TRUE(event.ok()) << event.status();
  return *std::move(event);
}

std::string Body(const std::string& action, const std::string& id, int64_t updated_ms,
                 const std::string& alias = "a") {
  return absl::StrCat(R"({"action":")", action, R"(","alert":{"alertId":")", id, R"(","alias":")",
                      alias, R"(","username":"ann@x.example","updatedAt":)", updated_ms,
                      R"(000000},"source":{"name":"web"}})");
}

// Where pages cannot be read, the webhook is believed; it repeats, and messages overtake each
// other.
TEST(DeliveryWebhookTest, LateAndRepeatedOnesChangeNothing) {
  DeliveryWorld world(TestConfig(JsmTarget()), TestSim());
  world.Open("a");
  world.Run(absl::Seconds(2));
  const std::string id = OnlyAlert(world).id;
  const int64_t t = world.now.millis();
  const auto take = [&](const std::string& body) {
    return world.delivery->TakeWebhook("payments", Event(body), world.now);
  };
  EXPECT_TRUE(take(Body("Acknowledge", id, t + 2000)));
  EXPECT_TRUE(RecordOf(world, "a").acknowledged());
  EXPECT_TRUE(take(Body("UnAcknowledge", id, t + 1000))) << "overtaken";
  EXPECT_TRUE(RecordOf(world, "a").acknowledged());
  EXPECT_TRUE(take(Body("Acknowledge", id, t + 2000))) << "again";
  EXPECT_TRUE(take(Body("UnAcknowledge", id, t + 3000)));
  EXPECT_FALSE(RecordOf(world, "a").acknowledged());
  EXPECT_FALSE(take(Body("Acknowledge", "of-an-earlier-alert", t + 4000)));
  EXPECT_FALSE(RecordOf(world, "a").acknowledged());
  EXPECT_FALSE(take(Body("Acknowledge", id, t + 4000, "other")));
  EXPECT_TRUE(take(Body("Close", id, t + 5000)));
  EXPECT_TRUE(RecordOf(world, "a").closed_by_others());
  EXPECT_FALSE(world.delivery->TakeWebhook("nobody", Event(Body("Close", id, t)), world.now));
}

TEST(DeliveryWebhookTest, WherePagesCanBeReadAForgedOneOnlyMakesUsLook) {
  DeliveryWorld world(TestConfig(), TestSim());
  world.Open("a");
  world.Run(absl::Seconds(2));
  const std::string id = OnlyAlert(world).id;
  world.delivery->TakeWebhook("payments", Event(Body("Close", id, world.now.millis())), world.now);
  world.Run(absl::Seconds(2));
  EXPECT_FALSE(RecordOf(world, "a").closed_by_others());
  EXPECT_THAT(world.RemoteOpen(), ElementsAre("a"));
}

// The page of the last episode was acknowledged and closed; what is told of that comes late. Of the
// new page nobody knows the id.
TEST(DeliveryWebhookTest, WhatIsToldOfTheLastEpisodesPageDoesNotMarkTheNewOne) {
  DeliveryWorld world(TestConfig(JsmTarget()), TestSim());
  world.sim.SetFaults({.statuses = {{"GET", "/requests/", 403}}});
  const auto take = [&](const std::string& body) {
    return world.delivery->TakeWebhook("payments", Event(body), world.now);
  };
  world.Open("a");
  world.Run(absl::Seconds(2));
  const std::string id = OnlyAlert(world).id;
  world.Run(absl::Minutes(2));
  const int64_t first_ms = world.now.millis();
  take(Body("Acknowledge", id, first_ms));
  world.Close("a");
  world.Run(absl::Seconds(2));
  world.Open("a");
  world.Run(absl::Seconds(2));
  ASSERT_THAT(world.RemoteOpen(), ElementsAre("a"));
  ASSERT_TRUE(RecordOf(world, "a").remote_id().empty());
  EXPECT_FALSE(RecordOf(world, "a").acknowledged());
  take(Body("Acknowledge", id, first_ms));
  take(Body("Close", id, first_ms + 1000));
  EXPECT_FALSE(RecordOf(world, "a").acknowledged());
  EXPECT_FALSE(RecordOf(world, "a").closed_by_others());
  const int64_t now_ms = world.now.millis();
  take(Body("Acknowledge", "", now_ms));
  EXPECT_TRUE(RecordOf(world, "a").acknowledged());
  take(R"({"action":"UnAcknowledge","alert":{"alias":"a"}})");  // which does not say when
  EXPECT_FALSE(RecordOf(world, "a").acknowledged());
  take(Body("Acknowledge", "", now_ms));
  EXPECT_FALSE(RecordOf(world, "a").acknowledged()) << "again";
}

TEST(DeliveryWebhookTest, EachOccurrenceIsToldOfByItsAlias) {
  opsgenie::OpsgenieConfig target = JsmTarget();
  target.alias_per_occurrence = true;
  DeliveryWorld world(TestConfig(target), TestSim());
  world.sim.SetFaults({.statuses = {{"GET", "/requests/", 403}}});
  world.Open("a");
  world.Run(absl::Minutes(3));
  world.Close("a");
  world.Run(absl::Minutes(3));
  world.Open("a");
  world.Run(absl::Seconds(2));
  ASSERT_THAT(world.RemoteOpen(), ElementsAre("a-2"));
  const auto take = [&](const std::string& alias) {
    return world.delivery->TakeWebhook(
        "payments", Event(Body("Close", "", world.now.millis(), alias)), world.now);
  };
  EXPECT_FALSE(take("a-1"));
  EXPECT_FALSE(RecordOf(world, "a").closed_by_others());
  EXPECT_TRUE(take("a-2"));
  EXPECT_TRUE(RecordOf(world, "a").closed_by_others());
}

TEST(DeliveryWebhookTest, WhatIsToldDuringALookIsLookedForAfterIt) {
  sim::SimOptions options = TestSim();
  options.webhooks = true;
  DeliveryWorld world(TestConfig(), options);
  world.Open("a");
  world.Run(absl::Seconds(2));
  world.SetLatency(absl::Seconds(5));
  world.delivery->TakeWebhook(
      "payments", Event(Body("UnAcknowledge", OnlyAlert(world).id, world.now.millis())), world.now);
  world.Run(absl::Seconds(1));
  world.ByHand("a", ActionKind::kAcknowledge);
  world.Run(absl::Seconds(1));
  world.SetHears(false);
  world.Run(absl::Seconds(20));
  EXPECT_TRUE(RecordOf(world, "a").acknowledged());
}

// A policy closes each alert as soon as it is there.
TEST(DeliveryReopenTest, PagesThatArePutAwayByAPolicyAreNotOpenedAnewAllTheTime) {
  opsgenie::OpsgenieConfig target = TestTarget();
  target.reopen_after = absl::ZeroDuration();
  DeliveryWorld world(TestConfig(target), WithWebhooks());
  world.Open("a");
  for (int i = 0; i < 600; ++i) {
    world.Run(absl::Seconds(1));
    if (!world.RemoteOpen().empty()) world.ByHand("a", ActionKind::kClose);
  }
  EXPECT_GE(world.sim.alerts().size(), 9u);
  EXPECT_LE(world.sim.alerts().size(), 11u) << "at most one a minute";
}

TEST(DeliveryReopenTest, OneThatSomebodyClosesLaterIsOpenedAtOnce) {
  opsgenie::OpsgenieConfig target = TestTarget();
  target.reopen_after = absl::ZeroDuration();
  DeliveryWorld world(TestConfig(target), WithWebhooks());
  world.Open("a");
  world.Run(absl::Minutes(5));
  world.ByHand("a", ActionKind::kClose);
  world.Run(absl::Seconds(3));
  EXPECT_THAT(world.RemoteOpen(), ElementsAre("a"));
}

}  // namespace
}  // namespace tocsin::delivery
