// Delivery when requests, keys, accounts or the process fail.

#include "integrations/delivery/delivery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/opsgenie/delivery_world.h"

namespace tocsin::delivery {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(DeliveryTest, AnUnansweredCreateIsLookedUpBeforeItIsRepeated) {
  DeliveryWorld world(TestConfig(), TestSim());
  world.sim.SetFaults({.drop_after = 1});
  world.Open("a");
  world.Run(absl::Milliseconds(50));
  world.sim.SetFaults({});
  world.Run(absl::Seconds(5));
  EXPECT_EQ(world.CountSent("POST", "/v2/alerts"), 1u) << "the lookup found it";
  EXPECT_EQ(world.CountSent("GET", "/a"), 1u);
  EXPECT_EQ(OnlyAlert(world).count, 1);
  world.Close("a");
  world.Run(absl::Minutes(2));
  EXPECT_THAT(world.RemoteOpen(), IsEmpty());
  EXPECT_EQ(world.outbox->size(), 0u);
}

TEST(DeliveryTest, AnUnansweredCreateOfAClosedPageIsHuntedDown) {
  sim::SimOptions options = TestSim();
  options.delay = absl::Seconds(20);
  DeliveryWorld world(TestConfig(), options);
  world.sim.SetFaults({.drop_after = 1});
  world.Open("a");
  world.Run(absl::Milliseconds(1));
  world.Close("a");
  world.Run(absl::Milliseconds(100));
  world.sim.SetFaults({});
  world.Run(absl::Minutes(3));
  EXPECT_EQ(world.sim.alerts().size(), 1u) << "the lost create came true after 20 s";
  EXPECT_THAT(world.RemoteOpen(), IsEmpty());
  EXPECT_EQ(world.outbox->size(), 0u);
}

TEST(DeliveryTest, ANewEpisodeDoesNotWaitForWhatALostCreateMayDo) {
  sim::SimOptions options = TestSim();
  options.delay = absl::Milliseconds(500);
  DeliveryWorld world(TestConfig(), options);
  world.sim.SetFaults({.drop_after = 1});
  world.Open("a");
  world.Run(absl::Milliseconds(50));
  world.sim.SetFaults({});
  world.Run(absl::Seconds(5));
  world.Close("a");
  world.Run(absl::Milliseconds(100));  // its close is under way
  world.Open("a");
  world.Run(absl::Seconds(5));
  EXPECT_EQ(world.sim.alerts().size(), 2u);
  EXPECT_THAT(world.RemoteOpen(), ElementsAre("a"));
}

TEST(DeliveryTest, ADiscardedCreateIsNoticedAndRepeated) {
  DeliveryWorld world(TestConfig(), TestSim());
  world.sim.SetFaults({.discard = 1});
  world.Open("a");
  world.Run(absl::Seconds(1));
  world.sim.SetFaults({});
  world.Run(absl::Minutes(4));
  EXPECT_THAT(world.RemoteOpen(), ElementsAre("a"));
  EXPECT_EQ(world.Metric(Pages("discarded")), 1);
}

TEST(DeliveryTest, ARefusedKeyBlocksAndNothingIsLost) {
  DeliveryWorld world(TestConfig(), TestSim());
  world.sim.SetFaults({.key_rotated = true});
  for (const char* alias : {"a", "b", "c"}) world.Open(alias);
  world.Run(absl::Minutes(4));
  EXPECT_LE(world.sim.journal().size(), 3u) << "a refused key is not hammered";
  EXPECT_EQ(world.Metric("tocsin_receiver_blocked{receiver=\"payments\"}"), 1);
  world.sim.SetFaults({});
  world.Run(absl::Minutes(2));
  EXPECT_THAT(world.RemoteOpen(), ElementsAre("a", "b", "c"));
  EXPECT_EQ(world.Metric("tocsin_receiver_blocked{receiver=\"payments\"}"), 0);
}

constexpr char kBlocked[] = "tocsin_receiver_blocked{receiver=\"payments\"}";

TEST(DeliveryTest, AKeyThatMayNotReadStillOpensUpdatesAndCloses) {
  sim::SimOptions options = TestSim();
  options.keys[kTestKey].kind = sim::KeyKind::kWriteOnly;
  DeliveryWorld world(TestConfig(), options);
  testing::internal::CaptureStderr();
  for (const char* alias : {"a", "b"}) world.Open(alias, "warning");
  world.Run(absl::Seconds(1));
  EXPECT_THAT(world.RemoteOpen(), ElementsAre("a", "b"));
  EXPECT_EQ(world.Metric(Pages("unconfirmed")), 2);
  EXPECT_EQ(world.Metric(Pages("created")), 0) << "nobody has said so";
  world.Change("a", "critical", "a is down");
  world.Run(absl::Seconds(2));
  EXPECT_EQ(world.sim.alerts().begin()->second.alias == "a"
                ? world.sim.alerts().begin()->second.priority
                : world.sim.alerts().rbegin()->second.priority,
            "P1");
  for (const char* alias : {"a", "b"}) world.Close(alias);
  world.Run(absl::Minutes(2));
  EXPECT_THAT(world.RemoteOpen(), IsEmpty());
  EXPECT_EQ(world.outbox->size(), 0u);
  EXPECT_EQ(world.Metric(kBlocked), 0);
  EXPECT_EQ(CountOf(testing::internal::GetCapturedStderr(), "may not read"), 1u);
}

// The close must not overtake a create that nobody can ask for.
TEST(DeliveryTest, AKeyThatMayNotReadClosesWhatIsProcessedLate) {
  sim::SimOptions options = TestSim();
  options.keys[kTestKey].kind = sim::KeyKind::kWriteOnly;
  options.delay = absl::Seconds(20);
  options.out_of_order = true;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    options.seed = seed;
    DeliveryWorld world(TestConfig(), options);
    world.Open("a");
    world.Run(absl::Seconds(2));
    world.Close("a");
    world.Run(absl::Minutes(4));
    EXPECT_THAT(world.RemoteOpen(), IsEmpty()) << seed;
    EXPECT_EQ(world.outbox->size(), 0u);
  }
}

TEST(DeliveryTest, ACloseThatNobodyConfirmsDoesNotTakeTheNextPageAlong) {
  sim::SimOptions options = TestSim();
  options.delay = absl::Seconds(5);
  DeliveryWorld world(TestConfig(), options);
  world.sim.SetFaults({.statuses = {{"GET", "/requests/", 403}}});
  world.Open("a");
  world.Run(absl::Seconds(20));
  world.Close("a");
  world.Run(absl::Seconds(1));
  world.Open("a");
  world.Run(absl::Minutes(2));
  EXPECT_THAT(world.RemoteOpen(), ElementsAre("a"));
  EXPECT_EQ(world.sim.alerts().size(), 2u);
}

TEST(DeliveryTest, ARefusedUpdateIsLeftOutAndTheRestGoesOn) {
  for (const int status : {402, 403, 405, 501}) {
    SCOPED_TRACE(status);
    DeliveryWorld world(TestConfig(), TestSim());
    world.sim.SetFaults({.statuses = {{"PUT", "/priority", status}}});
    world.Open("a", "warning");
    world.Run(absl::Seconds(1));
    world.Change("a", "critical", "a is down");
    world.Run(absl::Seconds(2));
    EXPECT_EQ(OnlyAlert(world).message, "a is down");
    EXPECT_EQ(world.CountSent("PUT", "/priority"), 1u);
    EXPECT_EQ(world.Metric(Pages("rejected")), 1);
    EXPECT_EQ(world.Metric(kBlocked), 0);
    world.Close("a");
    world.Run(absl::Seconds(2));
    EXPECT_THAT(world.RemoteOpen(), IsEmpty());
  }
}

TEST(DeliveryTest, WhenLookupsAreRefusedALostCreateIsRepeatedAndClosedBlindly) {
  DeliveryWorld world(TestConfig(), TestSim());
  world.sim.SetFaults({.drop_after = 1});
  world.Open("a");
  world.Run(absl::Milliseconds(50));
  world.sim.SetFaults({.statuses = {{"GET", "/v2/alerts/a", 403}}});
  world.Run(absl::Seconds(5));
  EXPECT_EQ(world.CountSent("POST", "/v2/alerts"), 2u);
  EXPECT_EQ(world.CountSent("GET", "/a"), 1u);
  EXPECT_EQ(OnlyAlert(world).count, 2);
  EXPECT_EQ(world.Metric(kBlocked), 0);
  world.Close("a");
  world.Run(absl::Minutes(3));
  EXPECT_THAT(world.RemoteOpen(), IsEmpty());
  EXPECT_EQ(world.outbox->size(), 0u);
}

TEST(DeliveryTest, AKeyThatMayOnlyReadBlocksItsReceiver) {
  DeliveryWorld world(TestConfig(), TestSim());
  world.Open("a");
  world.Run(absl::Seconds(1));
  sim::SimKey read_only;
  read_only.kind = sim::KeyKind::kReadOnly;
  world.sim.SetKey(kTestKey, read_only);
  world.Close("a");
  world.Open("b");
  world.Run(absl::Minutes(12));
  EXPECT_EQ(world.Metric(kBlocked), 1);
  EXPECT_LE(world.sim.journal().size(), 10u);
  world.sim.SetKey(kTestKey, {});
  world.Run(absl::Minutes(6));
  EXPECT_EQ(world.Metric(kBlocked), 0);
  EXPECT_THAT(world.RemoteOpen(), ElementsAre("b"));
}

// A proxy or a wrong URL that answers everything with a page of its own.
TEST(DeliveryTest, WhatDoesNotLookLikeOpsgenieBlocksItsReceiver) {
  DeliveryWorld world(TestConfig(), TestSim());
  world.Open("a");
  testing::internal::CaptureStderr();
  const auto work = world.delivery->Take(world.now);
  ASSERT_TRUE(work);
  const http_client::HttpResponse html{200, {{"Content-Type", "text/html"}}, "<html>Log in</html>"};
  world.delivery->Complete(*work, html, world.now);
  EXPECT_TRUE(absl::StrContains(testing::internal::GetCapturedStderr(),
                                "this does not look like OpsGenie"));
  EXPECT_EQ(world.Metric(kBlocked), 1);
  EXPECT_FALSE(world.delivery->Take(world.now));
  world.Run(absl::Minutes(6));
  EXPECT_THAT(world.RemoteOpen(), ElementsAre("a"));
  EXPECT_EQ(world.Metric(kBlocked), 0);
}

// Questions that such a proxy answers are as good as refused.
TEST(DeliveryTest, AnswersThatAreNotUnderstoodEndInRest) {
  DeliveryWorld world(TestConfig(), TestSim());
  world.sim.SetFaults({.statuses = {{"GET", "/v2/", 200}}});
  world.Open("a");
  world.Run(absl::Minutes(5));
  EXPECT_THAT(world.RemoteOpen(), ElementsAre("a"));
  EXPECT_LE(world.CountSent("POST", "/v2/alerts"), 2u);
  EXPECT_FALSE(world.outbox->OldestUnsettledMillis().has_value());
  world.Close("a");
  world.Run(absl::Minutes(5));
  EXPECT_THAT(world.RemoteOpen(), IsEmpty());
  EXPECT_EQ(world.outbox->size(), 0u);
}

TEST(DeliveryTest, AReloadTriesBlockedPagesAtOnce) {
  DeliveryWorld world(TestConfig(), TestSim());
  world.sim.SetFaults({.key_rotated = true});
  world.Open("a");
  world.Run(absl::Seconds(1));
  world.sim.SetFaults({});
  world.delivery->SetReceivers(world.config);
  world.Run(absl::Seconds(1));
  EXPECT_THAT(world.RemoteOpen(), ElementsAre("a"));
}

TEST(DeliveryTest, ThrottlingIsObeyedAndTheMostUrgentGoFirst) {
  sim::SimOptions options = TestSim();
  options.per_second = 5;
  options.delay = absl::Milliseconds(10);
  DeliveryWorld world(TestConfig(), options);
  for (int i = 0; i < 40; ++i) world.Open(absl::StrCat("warning", i), "warning");
  for (int i = 0; i < 5; ++i) world.Open(absl::StrCat("critical", i), "critical");
  world.Run(absl::Milliseconds(1));
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(absl::StrContains(world.sim.journal()[i].body, "critical")) << i;
  }
  world.Run(absl::Minutes(3));
  EXPECT_EQ(world.RemoteOpen().size(), 45u);
  size_t throttled = 0;
  for (const auto& entry : world.sim.journal()) throttled += entry.status == 429;
  EXPECT_LT(throttled, world.sim.journal().size() / 2);
}

TEST(DeliveryTest, ALongThrottleIsNotShortenedByAnotherAnswer) {
  DeliveryWorld world(TestConfig(), TestSim());
  std::vector<Delivery::Work> works;
  for (const char* alias : {"a", "b", "c"}) {
    world.Open(alias);
    works.push_back(*world.delivery->Take(world.now));
  }
  const auto answer = [&](const Delivery::Work& work, int status, const char* period) {
    http_client::HttpResponse response{status, {{"X-RateLimit-Period-In-Sec", period}}, "{}"};
    world.delivery->Complete(work, response, world.now);
  };
  answer(works[0], 429, "60");
  answer(works[1], 429, "1");
  EXPECT_FALSE(world.delivery->Take(world.now));
  EXPECT_GE(world.delivery->NextDue(world.now), world.now + absl::Seconds(60));
  answer(works[2], 401, "1");
  world.Run(absl::Seconds(59));
  EXPECT_EQ(world.sim.journal().size(), 0u);
  world.Run(absl::Minutes(6));
  EXPECT_EQ(world.RemoteOpen().size(), 3u);
}

// One key answers 401 for a moment; what was under way at the same time shows that it works.
TEST(DeliveryTest, ABlockThatIsOverDoesNotHoldPagesUp) {
  DeliveryWorld world(TestConfig(), TestSim());
  std::vector<Delivery::Work> works;
  for (const char* alias : {"a", "b"}) {
    world.Open(alias);
    works.push_back(*world.delivery->Take(world.now));
  }
  world.delivery->Complete(works[0], http_client::HttpResponse{401, {}, "{}"}, world.now);
  const auto accepted = world.sim.Handle(works[1].request(), world.now).response;
  world.delivery->Complete(works[1], accepted, world.now);
  world.Run(absl::Seconds(2));
  EXPECT_THAT(world.RemoteOpen(), ElementsAre("a", "b"));
}

TEST(DeliveryTest, ALateAnswerToAnOldKeyDoesNotShowTheReceiverBlocked) {
  sim::SimOptions options = TestSim();
  options.keys[kTestKey].enabled = false;
  options.keys[kOtherKey] = {};
  ReceiversAndRoutes config = TestConfig();
  DeliveryWorld world(config, options);
  world.SetLatency(absl::Seconds(1));
  world.Open("a");
  world.Run(absl::Milliseconds(500));
  config.receivers["payments"].opsgenie_configs[0].api_key = Secret(kOtherKey);
  world.delivery->SetReceivers(std::make_shared<const ReceiversAndRoutes>(config));
  world.Run(absl::Seconds(10));
  EXPECT_THAT(world.RemoteOpen(), ElementsAre("a"));
  EXPECT_EQ(world.Metric(kBlocked), 0);
}

TEST(DeliveryTest, ReceiversThatShareAnAccountAreBlockedTogether) {
  ReceiversAndRoutes config = TestConfig();
  config.receivers["more"] = {"more", config.receivers["payments"].opsgenie_configs};
  DeliveryWorld world(config, TestSim());
  world.sim.SetFaults({.key_rotated = true});
  world.Open("a");
  world.Run(absl::Seconds(1));
  const char* more = "tocsin_receiver_blocked{receiver=\"more\"}";
  EXPECT_EQ(world.Metric(kBlocked), 1);
  EXPECT_EQ(world.Metric(more), 1);
  world.sim.SetFaults({});
  config.receivers.erase("more");
  world.delivery->SetReceivers(std::make_shared<const ReceiversAndRoutes>(config));
  EXPECT_EQ(world.Metric(kBlocked), 0);
  EXPECT_EQ(world.Metric(more), 0);
}

TEST(DeliveryTest, AnOutageIsOutlived) {
  DeliveryWorld world(TestConfig(), TestSim());
  world.sim.SetFaults({.outage = true});
  for (int i = 0; i < 50; ++i) world.Open(absl::StrCat("a", i));
  world.Run(absl::Hours(2));
  EXPECT_LT(world.sim.journal().size(), 1000u) << "an outage is probed, not hammered";
  world.sim.SetFaults({});
  world.Run(absl::Minutes(2));
  EXPECT_EQ(world.RemoteOpen().size(), 50u);
  EXPECT_FALSE(world.outbox->OldestUnsettledMillis().has_value());
}

TEST(DeliveryTest, AClockSetBackDelaysNothing) {
  DeliveryWorld world(TestConfig(), TestSim());
  world.sim.SetFaults({.outage = true});
  world.Open("a");
  world.Run(absl::Minutes(2));
  world.StepClock(-absl::Hours(1));
  world.sim.SetFaults({});
  world.Run(absl::Minutes(1));
  EXPECT_THAT(world.RemoteOpen(), ElementsAre("a"));
}

TEST(DeliveryTest, AClockSetBackWhileWeWereAwayDelaysNothing) {
  DeliveryWorld world(TestConfig(), TestSim());
  world.sim.SetFaults({.outage = true});
  world.Open("a");
  world.Run(absl::Minutes(2));
  world.now = world.now - absl::Hours(1);
  world.Crash(/*lose_buffered=*/false);
  world.sim.SetFaults({});
  world.Run(absl::Minutes(10));
  EXPECT_THAT(world.RemoteOpen(), ElementsAre("a"));
}

// When a request was accepted is told by the old clock.
TEST(DeliveryTest, AClockSetBackWhileWeWereAwayDoesNotAskForALostRequestForLonger) {
  sim::SimOptions options = TestSim();
  options.out_of_order = true;  // its clock goes back, too, and it must not wait for its own past
  DeliveryWorld world(TestConfig(), options);
  world.sim.SetFaults({.discard = 1});
  world.Open("a");
  world.Run(absl::Seconds(1));
  world.sim.SetFaults({});
  world.now = world.now - absl::Hours(1);
  world.Crash(/*lose_buffered=*/false);
  world.Run(absl::Minutes(10));
  EXPECT_THAT(world.RemoteOpen(), ElementsAre("a"));
}

// How long a lost create may still come true is told by the old clock.
TEST(DeliveryTest, AClockSetBackWhileWeWereAwayDoesNotKeepClosedPages) {
  sim::SimOptions options = TestSim();
  options.out_of_order = true;  // its clock goes back, too, and it must not wait for its own past
  DeliveryWorld world(TestConfig(), options);
  world.sim.SetFaults({.drop_after = 1});
  world.Open("a");
  world.Run(absl::Milliseconds(1));
  world.sim.SetFaults({});
  world.Run(absl::Seconds(10));
  ASSERT_THAT(world.RemoteOpen(), ElementsAre("a"));
  world.now = world.now - absl::Hours(1);
  world.Crash(/*lose_buffered=*/false);
  world.Close("a");
  world.Run(absl::Minutes(10));
  EXPECT_EQ(world.outbox->size(), 0u);
}

TEST(DeliveryTest, ARestartGoesOnFromTheRecords) {
  sim::SimOptions options = TestSim();
  options.delay = absl::Seconds(2);
  DeliveryWorld world(TestConfig(), options);
  world.Open("a");
  world.Run(absl::Seconds(1));
  world.Crash(/*lose_buffered=*/false);
  world.Run(absl::Seconds(10));
  EXPECT_EQ(world.CountSent("POST", "/v2/alerts"), 1u)
      << "the accepted create is polled, not repeated";
  world.Close("a");
  world.Crash(/*lose_buffered=*/false);
  world.Run(absl::Minutes(2));
  EXPECT_THAT(world.RemoteOpen(), IsEmpty());
  EXPECT_EQ(world.outbox->size(), 0u);
}

TEST(DeliveryTest, ACreateWhoseAnswerDiedWithTheProcessIsClosedAllTheSame) {
  sim::SimOptions options = TestSim();
  options.delay = absl::Seconds(5);
  DeliveryWorld world(TestConfig(), options);
  world.SetLatency(absl::Seconds(1));
  world.Open("a");
  world.Run(absl::Milliseconds(1));  // sent, not answered
  world.Close("a");
  world.Crash(/*lose_buffered=*/false);
  world.Run(absl::Minutes(3));
  EXPECT_EQ(world.sim.alerts().size(), 1u);
  EXPECT_THAT(world.RemoteOpen(), IsEmpty());
  EXPECT_EQ(world.outbox->size(), 0u);
}

// The page of before may be there: a create that joins it would page nobody.
void ExpectAPageOfItsOwn(DeliveryWorld& world) {
  world.sim.SetFaults({});
  world.Run(absl::Minutes(3));
  EXPECT_EQ(world.sim.alerts().size(), 2u) << "one per episode";
  EXPECT_THAT(world.RemoteOpen(), ElementsAre("a"));
  for (const auto& [id, alert] : world.sim.alerts()) {
    if (!alert.open) continue;
    EXPECT_EQ(alert.count, 1) << "nor does it repeat another";
  }
  EXPECT_THAT(world.Refusals(), IsEmpty());
  EXPECT_FALSE(world.outbox->OldestUnsettledMillis().has_value());
}

TEST(DeliveryTest, ANewEpisodeAfterARestartClosesWhatACreateBeforeItMayHaveOpened) {
  for (const auto& target : {TestTarget(), JsmTarget()}) {
    SCOPED_TRACE(static_cast<int>(target.profile));
    DeliveryWorld world(TestConfig(target), TestSim());
    world.SetLatency(absl::Seconds(1));
    world.Open("a");
    world.Run(absl::Milliseconds(1));  // sent, not answered
    world.Close("a");
    world.now = world.now + absl::Seconds(2);  // by then it took effect
    world.Crash(/*lose_buffered=*/false);
    world.Open("a");
    ExpectAPageOfItsOwn(world);
  }
}

TEST(DeliveryTest, ANewEpisodeClosesWhatACreateBeforeItMayHaveOpenedWhateverWasAnswered) {
  for (const auto& target : {TestTarget(), JsmTarget()}) {
    SCOPED_TRACE(static_cast<int>(target.profile));
    DeliveryWorld world(TestConfig(target), TestSim());
    world.Open("a");
    auto work = *world.delivery->Take(world.now);
    world.sim.Handle(work.request(), world.now);
    world.now = world.now + absl::Seconds(2);
    world.delivery->Complete(work, http_client::HttpResponse{503, {}, "{}"}, world.now);
    world.Close("a");
    world.Open("a");
    ExpectAPageOfItsOwn(world);
  }
}

// The process dies once or twice before it knows what became of the first episode's create.
TEST(DeliveryTest, ACreateBeforeANewEpisodeIsRememberedAcrossRestarts) {
  for (const bool dies_closed : {false, true}) {
    SCOPED_TRACE(dies_closed);
    DeliveryWorld world(TestConfig(), TestSim());
    world.SetLatency(absl::Seconds(1));
    world.Open("a");
    world.Run(absl::Milliseconds(1));
    world.Close("a");
    if (dies_closed) world.Crash(/*lose_buffered=*/false);
    world.Run(absl::Milliseconds(1));
    world.Open("a");
    world.now = world.now + absl::Seconds(2);
    world.Crash(/*lose_buffered=*/false);
    ExpectAPageOfItsOwn(world);
  }
}

// That somebody closed the page of before says nothing about the new one.
TEST(DeliveryTest, ANewEpisodeOfAPageThatOthersClosedIsRepeatedUntilItIsThere) {
  DeliveryWorld world(TestConfig(), TestSim());
  world.Open("a");
  world.Run(absl::Seconds(2));
  world.CloseByHand("a");
  world.Change("a", "critical", "an update finds that out");
  world.Run(absl::Seconds(2));
  ASSERT_EQ(world.Metric(Pages("closed_by_others")), 1);
  world.Close("a");
  world.Open("a");
  const auto work = *world.delivery->Take(world.now);
  world.delivery->Complete(work, http_client::HttpResponse{503, {}, "{}"}, world.now);
  ExpectAPageOfItsOwn(world);
}

// What was settled of the first episode stays so: the create that left last is the second one's.
TEST(DeliveryTest, ASecondEpisodesCreateWhoseAnswerDiedIsNotTakenForTheFirsts) {
  DeliveryWorld world(TestConfig(), TestSim());
  world.Open("a");
  world.Run(absl::Seconds(2));
  world.SetLatency(absl::Seconds(1));
  world.Close("a");
  world.Run(absl::Milliseconds(1));  // its close is under way
  world.Open("a");
  const auto creates = [&] { return world.CountSent("POST", "/v2/alerts"); };
  for (int ms = 0; ms < 10'000 && creates() < 2; ++ms) world.Run(absl::Milliseconds(1));
  ASSERT_EQ(creates(), 2u);
  world.Crash(/*lose_buffered=*/false);
  world.Run(absl::Minutes(3));
  EXPECT_EQ(world.sim.alerts().size(), 2u);
  EXPECT_THAT(world.RemoteOpen(), ElementsAre("a"));
}

}  // namespace
}  // namespace tocsin::delivery
