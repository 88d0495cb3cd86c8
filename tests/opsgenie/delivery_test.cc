// Delivery against the simulator in virtual time: one behaviour per test.

#include "integrations/delivery/delivery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "integrations/delivery/opsgenie_target.h"
#include "integrations/opsgenie/request.h"
#include "tests/opsgenie/delivery_world.h"

namespace tocsin::delivery {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

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

TEST(DeliveryTest, OnJsmALevelChangeIsANote) {
  opsgenie::OpsgenieConfig target = TestTarget();
  target.profile = opsgenie::Profile::kJsm;
  DeliveryWorld world(TestConfig(target), TestSim());
  world.Open("a", "warning");
  world.Run(absl::Seconds(1));
  world.Change("a", "critical", "a is down");
  world.Run(absl::Seconds(1));
  ASSERT_EQ(OnlyAlert(world).notes.size(), 1u);
  EXPECT_TRUE(absl::StartsWith(OnlyAlert(world).notes[0].text,
                               "Now P1: a is down\nTags: critical\nSeverity: critical\n\n"));
  world.Close("a");
  world.Run(absl::Seconds(1));
  EXPECT_THAT(world.RemoteOpen(), IsEmpty());
  EXPECT_THAT(world.Refusals(), IsEmpty());
}

TEST(DeliveryTest, LatencyIsObservedFromTheAcknowledgedSample) {
  DeliveryWorld world(TestConfig(), TestSim());
  world.SetLatency(absl::Milliseconds(40));
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

TEST(OpsgenieTargetTest, NoPartOfTheKeyIsLeftWhereAnErrorIsShortened) {
  const OpsgenieTarget target(std::make_shared<const opsgenie::OpsgenieConfig>(TestTarget()),
                              std::make_shared<const EscalationSteps>(),
                              [](const std::string& text, const auto&) { return text; });
  const std::string error =
      target.Redacted(std::string(280, 'x') + kTestKey + std::string(99, 'y'));
  EXPECT_FALSE(absl::StrContains(error, std::string(kTestKey).substr(0, 8))) << error;
  EXPECT_LE(error.size(), 310u);
}

}  // namespace
}  // namespace tocsin::delivery
