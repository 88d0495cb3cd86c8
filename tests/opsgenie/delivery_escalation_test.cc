// Pages that nobody takes care of: escalation, repeats, new pages for worse levels, fallbacks.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/check.h"
#include "integrations/routing/suppressor.h"
#include "storage/memory_store.h"
#include "tests/opsgenie/delivery_world.h"

namespace tocsin::delivery {
namespace {

using opsgenie::ResponderTemplate;
using sim::ActionKind;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kManagersKey[] = "33333333-2222-4333-8444-555555555555";

ResponderTemplate Team(const std::string& name) {
  return {"team", "", name, ""};
}

// A warning is raised after 15 minutes, goes to the managers after 30, and to their escalation.
ReceiversAndRoutes Escalating(opsgenie::OpsgenieConfig target = TestTarget()) {
  ReceiversAndRoutes config = TestConfig(target);
  opsgenie::OpsgenieConfig managers = TestTarget();
  managers.api_key = Secret(kManagersKey);
  managers.responders = {Team("managers")};
  config.receivers["managers"] = {"managers", {managers}};
  EscalationStep raise;
  raise.after = absl::Minutes(15);
  raise.priority = "P1";
  raise.add_responders = {Team("payments-leads"), {"escalation", "", "payments-all", ""}};
  EscalationStep hand_over;
  hand_over.after = absl::Minutes(30);
  hand_over.unless = EscalationStep::Unless::kClosed;
  hand_over.receiver = "managers";
  config.receivers["payments"].escalation = {raise, hand_over};
  return config;
}

sim::SimOptions TwoAccounts() {
  sim::SimOptions options = TestSim();
  options.keys[kManagersKey] = {.account = "managers"};
  options.webhooks = true;
  return options;
}

const sim::SimAlert& In(const DeliveryWorld& world, const std::string& account) {
  const sim::SimAlert* found = nullptr;
  for (const auto& [id, alert] : world.sim.alerts()) {
    if (alert.account == account && (found == nullptr || alert.tiny_id > found->tiny_id)) {
      found = &alert;
    }
  }
  TOCSIN_CHECK(found != nullptr) << account;
  return *found;
}

size_t AlertsIn(const DeliveryWorld& world, const std::string& account) {
  return std::count_if(world.sim.alerts().begin(), world.sim.alerts().end(),
                       [&](const auto& entry) { return entry.second.account == account; });
}

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

TEST(DeliveryRepeatTest, APageThatNobodyHasInHandIsToldAgain) {
  ReceiversAndRoutes config = TestConfig();
  config.route.repeat_interval = absl::Hours(1);
  DeliveryWorld world(config, TwoAccounts());
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
  ReceiversAndRoutes config = TestConfig();
  config.route.repeat_interval = absl::Hours(1);
  Route quiet;
  quiet.matchers = *ParseMatchers(R"(team="quiet")");
  quiet.repeat_interval = absl::ZeroDuration();
  config.route.routes = {quiet};
  DeliveryWorld world(config, TwoAccounts());
  world.Open("a", "critical", "quiet");
  world.Run(absl::Hours(5));
  EXPECT_EQ(OnlyAlert(world).count, 1);
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

// An open warning within a silence of an hour that began after five minutes.
class DeliverySilencedTest : public ::testing::Test {
 protected:
  void Start(ReceiversAndRoutes config) {
    world_ = std::make_unique<DeliveryWorld>(std::move(config), TwoAccounts(), 1, &suppressor_);
    silences_.SetListener([this] { world_->delivery->SuppressionChanged(); });
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
