// Pages that nobody takes care of: escalation, new pages for worse levels, fallbacks.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/opsgenie/escalating_world.h"

namespace tocsin::delivery {
namespace {

using sim::ActionKind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(DeliveryEscalationTest, StepsComeInTheirOrderAndTheCloseGoesEverywhere) {
  for (const bool crashes : {false, true}) {
    SCOPED_TRACE(crashes);
    DeliveryWorld world(Escalating(), TwoAccounts());
    world.Open("a", "warning");
    const auto run = [&](absl::Duration span) {
      world.Run(span);
      if (crashes) world.Crash(/*lose_buffered=*/false);
      world.Run(absl::Seconds(5));
    };
    run(absl::Minutes(14));
    EXPECT_EQ(In(world, "main").priority, "P3");
    EXPECT_EQ(world.CountSent("POST", "/responders"), 0u);
    run(absl::Minutes(2));
    EXPECT_EQ(In(world, "main").priority, "P1");
    EXPECT_EQ(world.CountSent("POST", "/responders"), 1u);
    EXPECT_EQ(world.CountSent("POST", "/escalate"), 1u);
    EXPECT_EQ(AlertsIn(world, "managers"), 0u);
    run(absl::Minutes(15));
    EXPECT_EQ(AlertsIn(world, "managers"), 1u);
    EXPECT_TRUE(In(world, "managers").open);
    run(absl::Hours(2));
    EXPECT_EQ(world.CountSent("POST", "/responders"), 1u) << "each step once";
    EXPECT_EQ(world.CountSent("POST", "/escalate"), 1u);
    world.Close("a");
    run(absl::Minutes(3));
    EXPECT_FALSE(In(world, "main").open);
    EXPECT_FALSE(In(world, "managers").open);
    EXPECT_EQ(world.outbox->size(), 0u);
    EXPECT_THAT(world.Refusals(), IsEmpty());
    // The next episode begins at the beginning.
    world.Open("a", "warning");
    run(absl::Minutes(5));
    EXPECT_EQ(In(world, "main").priority, "P3");
    EXPECT_EQ(AlertsIn(world, "managers"), 1u);
  }
}

TEST(DeliveryEscalationTest, WhoAcknowledgesIsLeftInPeace) {
  // By webhook, or found out when the step would come.
  for (const bool hears : {true, false}) {
    SCOPED_TRACE(hears);
    DeliveryWorld world(Escalating(), TwoAccounts());
    world.SetHears(hears);
    world.Open("a", "warning");
    world.Run(absl::Minutes(5));
    world.ByHand("a", ActionKind::kAcknowledge);
    world.Run(absl::Minutes(24));
    EXPECT_EQ(In(world, "main").priority, "P3");
    EXPECT_EQ(world.CountSent("POST", "/responders"), 0u);
    world.Run(absl::Hours(2));
    EXPECT_EQ(AlertsIn(world, "managers"), 0u) << "steps keep their order: the first waits";
    world.ByHand("a", ActionKind::kUnacknowledge);
    if (!hears) world.List({"payments", TargetDelivery::OPSGENIE, 0});
    world.Run(absl::Minutes(1));
    EXPECT_EQ(In(world, "main").priority, "P1");
    EXPECT_EQ(AlertsIn(world, "managers"), 1u);
  }
}

TEST(DeliveryEscalationTest, WhoAcknowledgesWhileWeAreAwayIsLeftInPeace) {
  DeliveryWorld world(Escalating(), TwoAccounts());
  world.SetHears(false);
  world.Open("a", "warning");
  world.Run(absl::Minutes(5));
  world.ByHand("a", ActionKind::kAcknowledge);
  world.now = world.now + absl::Hours(1);
  world.Crash(/*lose_buffered=*/false);
  world.Run(absl::Minutes(10));
  EXPECT_EQ(In(world, "main").priority, "P3");
  EXPECT_EQ(world.CountSent("POST", "/responders"), 0u);
}

TEST(DeliveryEscalationTest, ASnoozeHoldsItUntilItEnds) {
  DeliveryWorld world(Escalating(), TwoAccounts());
  world.Open("a", "warning");
  world.Run(absl::Minutes(5));
  world.ByHand("a", ActionKind::kSnooze,
               {{"endTime", FormatTimestamp(world.now + absl::Hours(1))}});
  world.Run(absl::Minutes(50));
  EXPECT_EQ(In(world, "main").priority, "P3");
  world.Run(absl::Minutes(12));
  EXPECT_EQ(In(world, "main").priority, "P1");
}

TEST(DeliveryEscalationTest, WhoAcknowledgesWithinASnoozeIsLeftInPeaceAfterIt) {
  DeliveryWorld world(Escalating(), TwoAccounts());
  world.Open("a", "warning");
  world.Run(absl::Minutes(5));
  world.ByHand("a", ActionKind::kSnooze,
               {{"endTime", FormatTimestamp(world.now + absl::Hours(1))}});
  world.Run(absl::Minutes(30));
  world.SetHears(false);
  world.List({"payments", TargetDelivery::OPSGENIE, 0});  // read after the step was due
  world.ByHand("a", ActionKind::kAcknowledge);
  world.Run(absl::Hours(1));
  EXPECT_EQ(In(world, "main").priority, "P3");
}

TEST(DeliveryEscalationTest, AClockThatIsSetIsNoTimeThatPasses) {
  for (const absl::Duration step : {absl::Hours(1), -absl::Hours(1)}) {
    SCOPED_TRACE(absl::FormatDuration(step));
    DeliveryWorld world(Escalating(), TwoAccounts());
    world.SetHears(false);
    world.Open("a", "warning");
    world.Run(absl::Minutes(5));
    world.StepClock(step);
    world.Run(absl::Minutes(9));
    EXPECT_EQ(In(world, "main").priority, "P3");
    world.ByHand("a", ActionKind::kAcknowledge);
    world.Run(absl::Minutes(5));
    EXPECT_EQ(In(world, "main").priority, "P3") << "read before the step";
    world.ByHand("a", ActionKind::kUnacknowledge);
    world.List({"payments", TargetDelivery::OPSGENIE, 0});
    world.Run(absl::Minutes(1));
    EXPECT_EQ(In(world, "main").priority, "P1");
  }
}

TEST(DeliveryEscalationTest, TheNextRuleIsNotifiedOnceThoughTheAnswerIsLost) {
  ReceiversAndRoutes config = Escalating();
  config.receivers["payments"].escalation.pop_back();
  EscalationStep& step = config.receivers["payments"].escalation[0];
  step.priority.clear();
  step.add_responders = {{"escalation", "", "payments-all", ""}};
  DeliveryWorld world(config, TwoAccounts());
  world.Open("a", "warning");
  world.Run(absl::Minutes(14));
  world.sim.SetFaults({.drop_after = 1});
  world.Run(absl::Minutes(4));
  ASSERT_GE(world.CountSent("POST", "/escalate"), 1u);
  world.sim.SetFaults({});
  world.Run(absl::Minutes(30));
  EXPECT_EQ(world.CountSent("POST", "/escalate"), 1u);
  EXPECT_FALSE(world.outbox->OldestUnsettledMillis().has_value());
}

TEST(DeliveryEscalationTest, AStepIsOnDiskBeforeAnybodyIsAdded) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    SCOPED_TRACE(seed);
    DeliveryWorld world(Escalating(), TwoAccounts(), seed);
    world.Open("a", "warning");
    world.Run(absl::Minutes(14));
    while (world.CountSent("POST", "/responders") == 0) world.Run(absl::Milliseconds(100));
    world.Crash(/*lose_buffered=*/true);
    const auto progress = world.outbox->Find("a")->progress;
    ASSERT_EQ(progress.targets_size(), 1);
    EXPECT_EQ(progress.targets(0).escalation_steps(), 1u);
  }
}

TEST(DeliveryEscalationTest, RespondersThatAChangedStepBringsAreAddedAndNobodyTwice) {
  ReceiversAndRoutes config = Escalating();
  config.receivers["payments"].escalation.pop_back();
  DeliveryWorld world(config, TwoAccounts());
  world.Open("a", "warning");
  world.Run(absl::Minutes(20));
  ASSERT_EQ(world.CountSent("POST", "/responders"), 1u);
  auto& added = config.receivers["payments"].escalation[0].add_responders;
  added.insert(added.begin(), Team("payments-managers"));
  world.delivery->SetReceivers(std::make_shared<const ReceiversAndRoutes>(config));
  world.Change("a", "warning", "a is slower");
  world.Run(absl::Minutes(1));
  EXPECT_EQ(world.CountSent("POST", "/responders"), 2u);
  EXPECT_EQ(world.CountSent("POST", "/escalate"), 1u);
  EXPECT_EQ(In(world, "main").responders.size(), 3u);
}

TEST(DeliveryEscalationTest, AReceiverThatTellsItInAGroupAlreadyIsNoSecondPage) {
  ReceiversAndRoutes config = Escalating();
  config.receivers["payments"].escalation.erase(config.receivers["payments"].escalation.begin());
  Route grouped;
  grouped.receiver = "managers";
  grouped.group_by = {"team"};
  grouped.continue_matching = true;
  Route own;
  own.receiver = "payments";
  config.route.routes = {grouped, own};
  DeliveryWorld world(config, TwoAccounts());
  world.Open("a", "warning");
  world.Run(absl::Hours(1));
  EXPECT_EQ(AlertsIn(world, "main"), 1u);
  EXPECT_EQ(AlertsIn(world, "managers"), 1u);
}

TEST(DeliveryEscalationTest, WhoClosesThePageEndsIt) {
  DeliveryWorld world(Escalating(), TwoAccounts());
  world.Open("a", "warning");
  world.Run(absl::Minutes(5));
  world.ByHand("a", ActionKind::kClose);
  world.Run(absl::Hours(3));
  EXPECT_EQ(AlertsIn(world, "main"), 1u);
  EXPECT_EQ(AlertsIn(world, "managers"), 0u);
}

TEST(DeliveryEscalationTest, APageThatCannotGoOutEscalatesAllTheSame) {
  DeliveryWorld world(Escalating(), TwoAccounts());
  world.sim.SetFaults({.drop_before = 1});
  world.Open("a", "warning");
  world.Run(absl::Minutes(16));
  world.sim.SetFaults({});
  world.Run(absl::Minutes(2));
  EXPECT_EQ(In(world, "main").priority, "P1") << "with what has come into force";
  EXPECT_EQ(In(world, "main").responders.size(), 3u);
  EXPECT_EQ(world.CountSent("POST", "/responders"), 0u);
}

TEST(DeliveryEscalationTest, WhereNobodyCanBeAddedANoteSaysWhom) {
  opsgenie::OpsgenieConfig jsm = TestTarget();
  jsm.profile = opsgenie::Profile::kJsm;
  ReceiversAndRoutes config = Escalating(jsm);
  config.receivers["payments"].escalation.pop_back();
  DeliveryWorld world(config, TwoAccounts());
  world.Open("a", "warning");
  world.Run(absl::Minutes(20));
  const auto& notes = In(world, "main").notes;
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_THAT(notes[0].text,
              ::testing::StartsWith("Escalated by Tocsin: not acknowledged within 15m; to "
                                    "payments-leads, payments-all.\nNow P1: "));
  world.Run(absl::Hours(1));
  EXPECT_EQ(In(world, "main").notes.size(), 1u);
}

TEST(DeliveryEscalationTest, AResponderThatIsRefusedDoesNotStopTheOthers) {
  DeliveryWorld world(Escalating(), TwoAccounts());
  world.Open("a", "warning");
  world.Run(absl::Minutes(10));
  world.sim.SetFaults({.statuses = {{"POST", "/responders", 422}}});
  world.Run(absl::Minutes(10));
  EXPECT_EQ(world.CountSent("POST", "/escalate"), 1u);
  EXPECT_EQ(In(world, "main").priority, "P1");
  EXPECT_FALSE(world.outbox->OldestUnsettledMillis().has_value());
}

TEST(DeliveryRepageTest, AWorseLevelPagesAnew) {
  for (const bool jsm : {false, true}) {
    for (const bool crash : {false, true}) {
      SCOPED_TRACE(jsm);
      opsgenie::OpsgenieConfig target = TestTarget();
      target.repage_on_escalation = true;
      if (jsm) target.profile = opsgenie::Profile::kJsm;
      DeliveryWorld world(TestConfig(target), TestSim());
      world.Open("a", "warning");
      world.Run(absl::Seconds(5));
      world.Change("a", "critical", "a is down");
      if (crash) world.Crash(/*lose_buffered=*/true);
      world.Run(absl::Minutes(2));
      EXPECT_EQ(world.sim.alerts().size(), 2u);
      EXPECT_THAT(world.RemoteOpen(), ElementsAre("a"));
      EXPECT_EQ(In(world, "main").priority, "P1");
      world.Change("a", "warning", "a is slow");
      world.Run(absl::Minutes(1));
      EXPECT_EQ(world.sim.alerts().size(), 2u) << "what gets better changes the open page";
      world.Close("a");
      world.Run(absl::Minutes(3));
      EXPECT_THAT(world.RemoteOpen(), IsEmpty());
      EXPECT_EQ(world.outbox->size(), 0u);
      EXPECT_THAT(world.Refusals(), IsEmpty());
    }
  }
}

TEST(DeliveryOccurrenceTest, EachEpisodeHasAnAliasOfItsOwn) {
  opsgenie::OpsgenieConfig target = TestTarget();
  target.alias_per_occurrence = true;
  DeliveryWorld world(TestConfig(target), TwoAccounts());
  for (int episode = 1; episode <= 3; ++episode) {
    world.Open("a");
    world.Run(absl::Seconds(5));
    const std::string alias = "a-" + std::to_string(episode);
    EXPECT_THAT(world.RemoteOpen(), ElementsAre(alias));
    world.ByHand(alias, ActionKind::kAcknowledge);
    world.Run(absl::Seconds(5));
    EXPECT_TRUE(world.outbox->Find("a")->progress.targets(0).acknowledged());
    if (episode == 2) world.Crash(/*lose_buffered=*/true);
    world.Close("a");
    world.Run(absl::Minutes(2));
    EXPECT_THAT(world.RemoteOpen(), IsEmpty());
  }
  EXPECT_EQ(world.sim.alerts().size(), 3u);
  EXPECT_EQ(world.outbox->size(), 0u);
}

TEST(DeliveryOccurrenceTest, AlsoAfterOneThatSomebodyClosed) {
  opsgenie::OpsgenieConfig target = TestTarget();
  target.alias_per_occurrence = true;
  DeliveryWorld world(TestConfig(target), TwoAccounts());
  world.Open("a");
  world.Run(absl::Seconds(5));
  world.ByHand("a-1", ActionKind::kClose);
  world.Run(absl::Seconds(5));
  world.Close("a");
  world.Open("a");
  world.Run(absl::Seconds(5));
  EXPECT_THAT(world.RemoteOpen(), ElementsAre("a-2"));
}

TEST(DeliveryFallbackTest, PagesThatAreRefusedGoElsewhereUntilTheKeyWorks) {
  for (const bool crash : {false, true}) {
    SCOPED_TRACE(crash);
    ReceiversAndRoutes config = Escalating();
    config.receivers["payments"].escalation.clear();
    config.receivers["payments"].fallback = "managers";
    sim::SimOptions options = TwoAccounts();
    options.keys.erase(kTestKey);
    DeliveryWorld world(config, options);
    world.Open("a");
    world.Run(absl::Seconds(3));
    EXPECT_EQ(AlertsIn(world, "managers"), 1u);
    if (crash) world.Crash(/*lose_buffered=*/false);
    world.Open("b");
    world.Run(absl::Seconds(3));
    EXPECT_EQ(AlertsIn(world, "managers"), 2u);
    world.sim.SetKey(kTestKey, {});
    world.Run(absl::Minutes(6));
    EXPECT_EQ(AlertsIn(world, "main"), 2u) << "they are owed there all the same";
    world.Open("c");
    world.Run(absl::Seconds(3));
    EXPECT_EQ(AlertsIn(world, "managers"), 2u);
    for (const char* alias : {"a", "b", "c"}) world.Close(alias);
    world.Run(absl::Minutes(3));
    EXPECT_THAT(world.RemoteOpen(), IsEmpty());
    EXPECT_EQ(world.outbox->size(), 0u);
  }
}

TEST(DeliveryFallbackTest, SoDoThoseThatAreRefusedThemselves) {
  ReceiversAndRoutes config = Escalating();
  config.receivers["payments"].escalation.clear();
  config.receivers["payments"].fallback = "managers";
  sim::SimOptions options = TwoAccounts();
  DeliveryWorld world(config, options);
  world.sim.SetFaults({.statuses = {{"POST", "/v2/alerts", 422, 1}}});
  world.Open("a");
  world.Run(absl::Seconds(1));
  world.sim.SetFaults({});
  world.Run(absl::Minutes(10));
  EXPECT_EQ(AlertsIn(world, "managers"), 1u);
  EXPECT_EQ(AlertsIn(world, "main"), 1u) << "tried again there, too";
  world.Close("a");
  world.Run(absl::Minutes(3));
  EXPECT_THAT(world.RemoteOpen(), IsEmpty());
}

}  // namespace
}  // namespace tocsin::delivery
