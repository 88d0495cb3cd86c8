// Delivery against the simulator in virtual time: one behaviour per test.

#include "integrations/delivery/delivery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/opsgenie/delivery_world.h"

namespace tocsin::delivery {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string Pages(const char* outcome) {
  return absl::StrCat("tocsin_pages_total{outcome=\"", outcome, "\",receiver=\"payments\"}");
}

const sim::SimAlert& OnlyAlert(const DeliveryWorld& world) {
  EXPECT_EQ(world.sim.alerts().size(), 1u);
  return world.sim.alerts().begin()->second;
}

TEST(DeliveryTest, OpensConfirmsAndCloses) {
  DeliveryWorld world(TestConfig(), TestSim());
  EXPECT_EQ(world.Metric(Pages("created")), 0) << "counters exist from the start";
  world.Open("a");
  world.Run(absl::Seconds(1));
  EXPECT_THAT(world.RemoteOpen(), ElementsAre("a"));
  EXPECT_EQ(OnlyAlert(world).priority, "P1");
  EXPECT_EQ(OnlyAlert(world).tags, std::vector<std::string>{"critical"});
  EXPECT_EQ(OnlyAlert(world).details.at("service"), "a");
  EXPECT_EQ(world.Metric(Pages("created")), 1);
  EXPECT_FALSE(world.outbox->OldestUnsettledMillis().has_value());
  world.Close("a");
  world.Run(absl::Seconds(1));
  EXPECT_THAT(world.RemoteOpen(), IsEmpty());
  EXPECT_EQ(world.outbox->size(), 0u) << "a closed and confirmed page is forgotten";
  EXPECT_EQ(world.CountSent("POST", "/v2/alerts"), 1u);
  EXPECT_EQ(world.CountSent("POST", "/close"), 1u);
  for (const auto& entry : world.sim.journal()) {
    if (!absl::StrContains(entry.target, "/close")) continue;
    EXPECT_TRUE(absl::StrContains(entry.target, "identifierType=id"))
        << "by alias a late close could hit the alias' next alert";
  }
  EXPECT_EQ(world.delivery->NextDue(world.now), Timestamp::Max());
}

TEST(DeliveryTest, TheCreateLeavesWithoutWaiting) {
  DeliveryWorld world(TestConfig(), TestSim());
  world.Open("a");
  ASSERT_FALSE(world.sim.journal().size());
  world.Run(absl::ZeroDuration());
  ASSERT_EQ(world.sim.journal().size(), 1u);
  EXPECT_EQ(world.sim.journal()[0].at, world.now);
}

TEST(DeliveryTest, ACloseWaitsForItsCreate) {
  sim::SimOptions options = TestSim();
  options.delay = absl::Seconds(3);
  DeliveryWorld world(TestConfig(), options);
  world.Open("a");
  world.Run(absl::Seconds(1));
  world.Close("a");
  world.Run(absl::Seconds(1));
  EXPECT_EQ(world.CountSent("POST", "/close"), 0u);
  world.Run(absl::Seconds(20));
  EXPECT_EQ(world.CountSent("POST", "/close"), 1u);
  EXPECT_THAT(world.RemoteOpen(), IsEmpty());
}

TEST(DeliveryTest, WhatOpensAndClosesBeforeItIsSentIsFolded) {
  DeliveryWorld world(TestConfig(), TestSim());
  world.Open("a");
  world.Close("a");
  world.Run(absl::Seconds(5));
  EXPECT_EQ(world.sim.journal().size(), 0u);
  EXPECT_EQ(world.outbox->size(), 0u);
  EXPECT_EQ(world.Metric(Pages("folded")), 1);
}

TEST(DeliveryTest, AWorseLevelUpdatesOnlyWhatChanged) {
  DeliveryWorld world(TestConfig(), TestSim());
  world.Open("a", "warning");
  world.Run(absl::Seconds(1));
  EXPECT_EQ(OnlyAlert(world).priority, "P3");
  const size_t before = world.sim.journal().size();
  world.Change("a", "warning", "a is warning");
  world.Run(absl::Seconds(1));
  EXPECT_EQ(world.sim.journal().size(), before) << "nothing that the page shows has changed";
  world.Change("a", "critical", "a is down");
  world.Run(absl::Seconds(2));
  EXPECT_EQ(OnlyAlert(world).priority, "P1");
  EXPECT_EQ(OnlyAlert(world).message, "a is down");
  EXPECT_EQ(world.CountSent("PUT", "/priority"), 1u);
  EXPECT_EQ(world.CountSent("PUT", "/message"), 1u);
  EXPECT_EQ(world.CountSent("PUT", "/description"), 0u);
  EXPECT_EQ(OnlyAlert(world).count, 1);
}

TEST(DeliveryTest, DetailsAndTagsFollowTheLevel) {
  opsgenie::OpsgenieConfig target = TestTarget();
  target.tags = {"{{severity}}", "tocsin"};
  sim::SimOptions options = TestSim();
  options.strict_details = options.strict_unknown_fields = true;
  DeliveryWorld world(TestConfig(target), options);
  world.Open("a", "warning");
  world.Run(absl::Seconds(1));
  EXPECT_EQ(OnlyAlert(world).details.at("severity"), "warning");
  // Somebody else's tag is none of our business.
  const opsgenie::AlertRef ref{opsgenie::AlertRef::Type::kAlias, "a"};
  world.sim.Handle(opsgenie::AddTags(target, ref, {"seen, by bob"}), world.now);
  world.Run(absl::Seconds(1));
  world.Change("a", "critical", "a is warning");
  world.Run(absl::Seconds(3));
  EXPECT_EQ(OnlyAlert(world).details.at("severity"), "critical");
  EXPECT_EQ(OnlyAlert(world).details.at("service"), "a");
  EXPECT_THAT(OnlyAlert(world).tags, ElementsAre("tocsin", "seen, by bob", "critical"));
  EXPECT_EQ(world.CountSent("POST", "/details"), 1u);
  EXPECT_EQ(world.CountSent("POST", "/tags"), 2u);  // one is bob's
  EXPECT_EQ(world.CountSent("DELETE", "/tags"), 1u);
  const size_t before = world.sim.journal().size();
  world.Change("a", "critical", "a is warning");
  world.Run(absl::Seconds(3));
  EXPECT_EQ(world.sim.journal().size(), before) << "nothing has changed";
  world.Change("a", "warning", "a is warning");
  world.Run(absl::Seconds(3));
  EXPECT_EQ(OnlyAlert(world).details.at("severity"), "warning");
  EXPECT_THAT(OnlyAlert(world).tags, ElementsAre("tocsin", "seen, by bob", "warning"));
  EXPECT_THAT(world.Refusals(), IsEmpty());
}

// The create was refused for one field, so the page came without most of them.
TEST(DeliveryTest, AMinimalPageIsFilledUp) {
  DeliveryWorld world(TestConfig(), TestSim());
  world.sim.SetFaults({.statuses = {{"POST", "/v2/alerts", 422}}});
  world.Open("a");
  auto work = world.delivery->Take(world.now);
  ASSERT_TRUE(work);
  world.delivery->Complete(*work, world.sim.Handle(work->request(), world.now).response, world.now);
  world.sim.SetFaults({});
  world.Run(absl::Seconds(3));
  EXPECT_EQ(OnlyAlert(world).count, 1);
  EXPECT_THAT(OnlyAlert(world).tags, ElementsAre("critical"));
  EXPECT_EQ(OnlyAlert(world).details.at("severity"), "critical");
  EXPECT_FALSE(OnlyAlert(world).description.empty());
}

TEST(DeliveryTest, AWorseLevelReachesThoseWhoseRouteAsksForIt) {
  ReceiversAndRoutes config = TestConfig();
  config.receivers["pager"] = {"pager", {TestTarget()}};
  config.receivers["pager"].opsgenie_configs[0].api_url = "https://other.example";
  Route route;
  route.receiver = "pager";
  route.matchers = *ParseMatchers("severity=\"critical\"");
  config.route.routes.push_back(route);
  DeliveryWorld world(config, TestSim());
  world.Open("a", "warning");
  world.Run(absl::Seconds(1));
  EXPECT_EQ(world.CountSent("POST", "/v2/alerts"), 1u);
  world.Change("a", "critical", "a is critical");
  world.Run(absl::Seconds(1));
  EXPECT_EQ(world.CountSent("POST", "/v2/alerts"), 2u);
  EXPECT_EQ(world.Metric("tocsin_pages_total{outcome=\"created\",receiver=\"pager\"}"), 1);
  EXPECT_EQ(world.Metric("tocsin_pages_total{outcome=\"updated\",receiver=\"payments\"}") > 0,
            true);
  world.Close("a");
  world.Run(absl::Seconds(1));
  EXPECT_EQ(world.Metric("tocsin_pages_total{outcome=\"closed\",receiver=\"pager\"}"), 1);
}

TEST(DeliveryTest, ANewEpisodeGetsANewAlert) {
  sim::SimOptions options = TestSim();
  options.delay = absl::Seconds(1);
  DeliveryWorld world(TestConfig(), options);
  world.Open("a");
  world.Run(absl::Seconds(10));
  world.Close("a");
  world.Open("a");
  world.Run(absl::Seconds(30));
  EXPECT_EQ(world.sim.alerts().size(), 2u);
  EXPECT_THAT(world.RemoteOpen(), ElementsAre("a"));
}

TEST(DeliveryTest, WithoutSendResolvedThePageStays) {
  opsgenie::OpsgenieConfig target = TestTarget();
  target.send_resolved = false;
  DeliveryWorld world(TestConfig(target), TestSim());
  world.Open("a");
  world.Run(absl::Seconds(1));
  world.Close("a");
  world.Run(absl::Seconds(1));
  EXPECT_THAT(world.RemoteOpen(), ElementsAre("a"));
  EXPECT_EQ(world.outbox->size(), 0u);
}

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

constexpr char kOtherKey[] = "22222222-2222-4333-8444-555555555555";
constexpr char kBlocked[] = "tocsin_receiver_blocked{receiver=\"payments\"}";

size_t CountOf(const std::string& text, const std::string& part) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++count;
  return count;
}

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
  world.latency = absl::Seconds(1);
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
  world.latency = absl::Seconds(1);
  world.Open("a");
  world.Run(absl::Milliseconds(1));  // sent, not answered
  world.Close("a");
  world.Crash(/*lose_buffered=*/false);
  world.Run(absl::Minutes(3));
  EXPECT_EQ(world.sim.alerts().size(), 1u);
  EXPECT_THAT(world.RemoteOpen(), IsEmpty());
  EXPECT_EQ(world.outbox->size(), 0u);
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
  DeliveryWorld world(config, TwoAccounts());
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
    world.latency = absl::Milliseconds(100);
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

TEST(DeliveryTest, OnJsmALevelChangeIsANote) {
  opsgenie::OpsgenieConfig target = TestTarget();
  target.profile = opsgenie::Profile::kJsm;
  DeliveryWorld world(TestConfig(target), TestSim());
  world.Open("a", "warning");
  world.Run(absl::Seconds(1));
  world.Change("a", "critical", "a is down");
  world.Run(absl::Seconds(1));
  ASSERT_EQ(OnlyAlert(world).notes.size(), 1u);
  EXPECT_TRUE(absl::StartsWith(OnlyAlert(world).notes[0],
                               "Now P1: a is down\nTags: critical\nSeverity: critical\n\n"));
  world.Close("a");
  world.Run(absl::Seconds(1));
  EXPECT_THAT(world.RemoteOpen(), IsEmpty());
  EXPECT_THAT(world.Refusals(), IsEmpty());
}

TEST(DeliveryTest, LatencyIsObservedFromTheAcknowledgedSample) {
  DeliveryWorld world(TestConfig(), TestSim());
  world.latency = absl::Milliseconds(40);
  world.Open("a");
  world.Run(absl::Seconds(1));
  EXPECT_EQ(world.Metric("tocsin_page_latency_seconds_count"), 1);
  EXPECT_NEAR(world.Metric("tocsin_page_latency_seconds_sum"), 0.04, 1e-9);
}

// A server that refuses what it is told to refuse, and repeats the key in its answer.
class StubbornServer {
 public:
  std::vector<http_client::HttpRequest> requests;
  http_client::HttpResponse Answer(const http_client::HttpRequest& request, int status) {
    requests.push_back(request);
    return {status, {}, absl::StrCat(R"({"message":"no, )", request.headers[0].value, R"("})")};
  }
};

TEST(DeliveryTest, APageThatWasRefusedTwiceIsTriedAgainEverMoreRarely) {
  DeliveryWorld world(TestConfig(), TestSim());
  world.sim.SetFaults({.statuses = {{"POST", "/v2/alerts", 422}}});
  world.Open("a");
  const Timestamp start = world.now;
  world.Run(absl::Hours(5));
  std::vector<int> minutes;
  for (const auto& entry : world.sim.journal()) {
    minutes.push_back(static_cast<int>(absl::ToInt64Minutes(entry.at - start)));
  }
  EXPECT_THAT(minutes,
              ElementsAre(0, 0, 5, 5, 15, 15, 35, 35, 75, 75, 135, 135, 195, 195, 255, 255));
  EXPECT_TRUE(world.outbox->OldestUnsettledMillis().has_value());
  world.Change("a", "critical", "a is down");
  world.Run(absl::Seconds(1));
  EXPECT_EQ(world.sim.journal().size(), 18u) << "full and minimal, at once";
  world.sim.SetFaults({});
  world.Run(absl::Minutes(61));
  EXPECT_THAT(world.RemoteOpen(), ElementsAre("a"));
  EXPECT_FALSE(world.outbox->OldestUnsettledMillis().has_value());
}

TEST(DeliveryTest, ARefusedPageIsSentMinimalOnceAndTheKeyIsNeverShown) {
  DeliveryWorld world(TestConfig(), TestSim());
  StubbornServer server;
  world.Open("a");
  testing::internal::CaptureStderr();
  for (int i = 0; i < 5; ++i) {
    auto work = world.delivery->Take(world.now);
    if (!work) break;
    world.delivery->Complete(*work, server.Answer(work->request(), 422), world.now);
  }
  ASSERT_EQ(server.requests.size(), 2u);
  EXPECT_TRUE(absl::StrContains(server.requests[0].body, "details"));
  EXPECT_EQ(server.requests[1].body, R"({"alias":"a","message":"a is critical","priority":"P1"})");
  EXPECT_EQ(world.Metric(Pages("rejected")), 1);
  EXPECT_EQ(world.Metric(Pages("gave_up")), 1);
  EXPECT_TRUE(world.outbox->OldestUnsettledMillis().has_value());
  const std::string log = testing::internal::GetCapturedStderr();
  const auto entry = world.outbox->Find("a");
  EXPECT_TRUE(absl::StrContains(log, "<redacted>")) << log;
  EXPECT_FALSE(absl::StrContains(log, kTestKey));
  EXPECT_FALSE(absl::StrContains(world.metrics.ExpositionText(), kTestKey));
  EXPECT_FALSE(absl::StrContains(entry->progress.SerializeAsString(), kTestKey));
  // A change of the page is a new chance, at once.
  world.Change("a", "critical", "something else");
  world.Run(absl::Seconds(2));
  EXPECT_THAT(world.RemoteOpen(), ElementsAre("a"));
}

}  // namespace
}  // namespace tocsin::delivery
