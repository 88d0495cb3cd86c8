// Webhooks, Alertmanager and PagerDuty as delivery serves them, in virtual time.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/receivers/posting_world.h"

namespace tocsin::delivery {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;
using Json = nlohmann::json;

struct Kind {
  const char* name;
  ReceiversAndRoutes (*config)();
  const char* host;
};
constexpr Kind kKinds[] = {{"webhook", WebhookOnly, kWebhookHost},
                           {"alertmanager", AlertmanagerOnly, kAlertmanagerHost},
                           {"pagerduty", PagerdutyOnly, kPagerdutyHost}};

std::string Counter(const char* outcome) {
  return absl::StrCat("tocsin_pages_total{outcome=\"", outcome, "\",receiver=\"payments\"}");
}

class PostingTest : public ::testing::TestWithParam<Kind> {
 protected:
  PostingWorld world{GetParam().config()};
  std::map<std::string, std::string> Remote() const { return world.RemoteOpen(GetParam().host); }
};
INSTANTIATE_TEST_SUITE_P(Kinds, PostingTest, ::testing::ValuesIn(kKinds),
                         [](const auto& kind) { return std::string(kind.param.name); });

TEST_P(PostingTest, APageOpensChangesAndCloses) {
  world.Open("a");
  world.Run(absl::Seconds(1));
  EXPECT_THAT(Remote(), UnorderedElementsAre(Pair("a", "critical")));
  EXPECT_EQ(world.Metric(Counter("created")), 1);
  world.Change("a", "warning");
  world.Run(absl::Seconds(1));
  EXPECT_THAT(Remote(), UnorderedElementsAre(Pair("a", "warning")));
  EXPECT_EQ(world.Metric(Counter("updated")), 1);
  EXPECT_FALSE(world.outbox->OldestUnsettledMillis().has_value());
  world.Close("a");
  world.Run(absl::Seconds(1));
  EXPECT_THAT(Remote(), IsEmpty());
  EXPECT_EQ(world.Metric(Counter("closed")), 1);
  EXPECT_EQ(world.outbox->size(), 0u);
  EXPECT_EQ(world.sim.requests().size(), 3u);
}

TEST_P(PostingTest, WhatSaysTheSameIsNotSentAgain) {
  world.Open("a");
  world.Run(absl::Seconds(1));
  world.Change("a", "critical");
  world.Run(absl::Seconds(1));
  EXPECT_EQ(world.sim.requests().size(), 1u);
}

TEST_P(PostingTest, WhatOpenedAndClosedWhileUnreachableIsNotSent) {
  world.sim.faults.unreachable = 1;
  world.Open("a");
  world.Run(absl::Seconds(10));
  world.Close("a");
  world.sim.faults = {};
  const size_t before = world.sim.requests().size();
  world.Run(absl::Minutes(5));
  EXPECT_EQ(world.sim.requests().size(), before);
  EXPECT_EQ(world.outbox->size(), 0u);
}

TEST_P(PostingTest, ServerTroubleIsRetriedUntilItEnds) {
  for (const int status : {500, 503, 408, 429}) {
    PostingWorld other(GetParam().config());
    other.sim.status = status;
    other.Open("a");
    other.Run(absl::Minutes(10));
    EXPECT_THAT(other.RemoteOpen(GetParam().host), IsEmpty()) << status;
    EXPECT_GT(other.sim.requests().size(), 10u) << status;
    other.sim.status = 0;
    other.Run(absl::Minutes(1));
    EXPECT_THAT(other.RemoteOpen(GetParam().host), UnorderedElementsAre(Pair("a", "critical")))
        << status;
  }
}

TEST_P(PostingTest, ARefusedPageHoldsUpNoOther) {
  world.sim.status = 404;
  world.Open("a");
  world.Run(absl::Seconds(10));
  EXPECT_EQ(world.sim.requests().size(), 1u);
  EXPECT_EQ(world.Metric(Counter("gave_up")), 1);
  EXPECT_EQ(world.Metric("tocsin_receiver_blocked"), 0);
  world.sim.status = 0;
  world.Open("b", "warning");
  world.Run(absl::Seconds(10));
  EXPECT_THAT(Remote(), UnorderedElementsAre(Pair("b", "warning")));
  world.Change("a", "warning");  // a changed page is tried at once
  world.Run(absl::Seconds(1));
  EXPECT_THAT(Remote(), UnorderedElementsAre(Pair("a", "warning"), Pair("b", "warning")));
}

TEST_P(PostingTest, ARefusedPageIsTriedAgainAfterAReload) {
  world.sim.status = 401;
  world.Open("a");
  world.Run(absl::Seconds(10));
  world.sim.status = 0;
  world.Configure(GetParam().config());
  world.Run(absl::Seconds(1));
  EXPECT_THAT(Remote(), UnorderedElementsAre(Pair("a", "critical")));
}

TEST_P(PostingTest, ARefusedCloseIsDroppedAfterHours) {
  world.Open("a");
  world.Run(absl::Seconds(1));
  world.Close("a");
  world.sim.status = 410;
  world.Run(absl::Hours(3));
  EXPECT_EQ(world.outbox->size(), 1u);
  world.Run(absl::Hours(4));
  EXPECT_EQ(world.outbox->size(), 0u);
}

TEST_P(PostingTest, ARedirectIsNotFollowed) {
  world.sim.status = 302;
  world.Open("a");
  world.Run(absl::Seconds(10));
  EXPECT_EQ(world.sim.requests().size(), 1u);
  EXPECT_EQ(world.Record("a").last_error(), "302 redirects are not followed");
}

TEST_P(PostingTest, RetryAfterIsHonoured) {
  world.sim.faults.error_503 = 1;  // asks for 7 s
  world.Open("a");
  world.Run(absl::Milliseconds(6900));
  EXPECT_EQ(world.sim.requests().size(), 1u);
}

// A lost create may come true after the close, a lost close after the next create.
TEST_P(PostingTest, WhatComesLateIsMadeGood) {
  world.sim.faults.late = 1;
  world.Open("a");
  world.Run(absl::Milliseconds(100));
  world.sim.faults = {};
  world.Close("a");
  world.Run(absl::Minutes(2));
  EXPECT_THAT(Remote(), IsEmpty());
  EXPECT_EQ(world.outbox->size(), 0u);

  world.Open("b");
  world.Run(absl::Seconds(1));
  world.sim.faults.late = 1;
  world.Close("b");
  world.Run(absl::Milliseconds(100));
  world.sim.faults = {};
  world.Open("b", "warning");
  world.Run(absl::Minutes(2));
  EXPECT_THAT(Remote(), UnorderedElementsAre(Pair("b", "warning")));
}

TEST_P(PostingTest, AnotherUrlGetsThePagesThatAreOpen) {
  world.Open("a");
  world.Run(absl::Seconds(1));
  ReceiversAndRoutes config = GetParam().config();
  Receiver& receiver = config.receivers["payments"];
  for (auto& webhook : receiver.webhook_configs) webhook.url = Secret("https://webhook.example/b");
  for (auto& replica : receiver.alertmanager_configs) replica.url += "/b";
  for (auto& service : receiver.pagerduty_configs) service.url += "/b";
  world.Configure(config);
  world.Run(absl::Seconds(1));
  EXPECT_EQ(world.sim.requests().size(), 2u);
  EXPECT_THAT(world.sim.requests().back().url, HasSubstr("/b"));
}

TEST_P(PostingTest, WithoutSendResolvedNothingIsClosed) {
  ReceiversAndRoutes config = GetParam().config();
  Receiver& receiver = config.receivers["payments"];
  for (auto& webhook : receiver.webhook_configs) webhook.send_resolved = false;
  for (auto& replica : receiver.alertmanager_configs) replica.send_resolved = false;
  for (auto& service : receiver.pagerduty_configs) service.send_resolved = false;
  world.Configure(config);
  world.Open("a");
  world.Run(absl::Seconds(1));
  world.Close("a");
  world.Run(absl::Minutes(10));
  EXPECT_EQ(world.sim.requests().size(), 1u);
  EXPECT_EQ(world.outbox->size(), 0u);
}

// PagerDuty and webhooks tell nobody of a page that is open already.
TEST_P(PostingTest, ANewEpisodeClosesTheOneBefore) {
  world.sim.faults.unreachable = 0;
  world.Open("a");
  world.Run(absl::Seconds(1));
  world.sim.status = 500;
  world.Close("a");
  world.Run(absl::Seconds(1));
  world.Open("a");
  world.Run(absl::Seconds(1));
  world.sim.status = 0;
  world.Run(absl::Minutes(2));
  EXPECT_THAT(Remote(), UnorderedElementsAre(Pair("a", "critical")));
  EXPECT_EQ(world.Metric(Counter("created")), 2);
  const bool closes = GetParam().host != std::string(kAlertmanagerHost);
  EXPECT_EQ(world.Metric(Counter("closed")), closes ? 1 : 0);
}

TEST_P(PostingTest, ARefusedCloseHoldsUpNoNewPageAndIsNotForgotten) {
  world.Open("a");
  world.Run(absl::Seconds(1));
  world.sim.status = 404;
  world.Close("a");
  world.Run(absl::Seconds(1));
  world.Open("a", "warning");
  world.Run(absl::Seconds(1));
  world.Close("a");
  world.Run(absl::Seconds(1));
  world.sim.status = 0;
  world.Configure(GetParam().config());
  world.Run(absl::Minutes(2));
  EXPECT_THAT(Remote(), IsEmpty());
  EXPECT_EQ(world.outbox->size(), 0u);
}

// A server may repeat what it was sent, escaped or not, and where the error is cut off.
TEST_P(PostingTest, NoSecretGetsIntoErrors) {
  ReceiversAndRoutes config = GetParam().config();
  Receiver& receiver = config.receivers["payments"];
  const http_client::Credentials basic = {.username = "u", .password = Secret("passw0rd-marker")};
  for (auto& webhook : receiver.webhook_configs) webhook.credentials = basic;
  for (auto& replica : receiver.alertmanager_configs) replica.credentials = basic;
  std::vector<std::string> secrets = {"passw0rd-marker", "dTpwYXNzdzByZC1tYXJrZXI="};
  if (!receiver.webhook_configs.empty()) secrets.push_back("t0ken-marker");
  if (!receiver.pagerduty_configs.empty()) secrets = {"r0uting-marker"};
  world.Configure(config);
  for (const std::string& secret : secrets) {
    for (const size_t before : {0, 280, 290}) {
      const std::string alias = absl::StrCat("page ", before, secret.size());
      world.Open(alias);
      const auto work = world.delivery->Take(world.now);
      ASSERT_TRUE(work.has_value());
      const http_client::HttpResponse echo = {
          418,
          {},
          absl::StrCat(std::string(before, '.'), work->request().url, R"( \/hook\/)", secret)};
      testing::internal::CaptureStderr();
      world.delivery->Complete(*work, echo, world.now);
      const std::string all =
          absl::StrCat(testing::internal::GetCapturedStderr(), world.Record(alias).last_error(),
                       world.metrics.ExpositionText());
      EXPECT_THAT(all, HasSubstr("418"));
      EXPECT_THAT(all, Not(HasSubstr(secret.substr(0, 5)))) << before;
      EXPECT_THAT(all, Not(HasSubstr("t0ken"))) << before;
    }
  }
}

TEST(AlertmanagerTargetTest, AnOpenPageIsRepeatedBeforeItEnds) {
  PostingWorld world(AlertmanagerOnly());
  world.Open("a");
  for (int minute = 0; minute < 20; ++minute) {
    world.Run(absl::Minutes(1));
    EXPECT_THAT(world.RemoteOpen(kAlertmanagerHost), UnorderedElementsAre(Pair("a", "critical")));
  }
  EXPECT_GE(world.sim.requests().size(), 19u);
  EXPECT_LE(world.sim.requests().size(), 21u);
  EXPECT_FALSE(world.outbox->OldestUnsettledMillis().has_value());
  const Json first = Json::parse(world.sim.requests().front().body);
  const Json last = Json::parse(world.sim.requests().back().body);
  EXPECT_EQ(first[0]["startsAt"], last[0]["startsAt"]);
  world.Crash(/*lose_buffered=*/true);
  world.Run(absl::Minutes(1));
  EXPECT_THAT(world.RemoteOpen(kAlertmanagerHost), UnorderedElementsAre(Pair("a", "critical")));
}

TEST(PagerdutyTargetTest, ARefusedEventIsSentInItsMinimalFormOnce) {
  PostingWorld world(PagerdutyOnly());
  world.sim.status = 400;
  world.Open("a");
  world.Run(absl::Seconds(10));
  ASSERT_EQ(world.sim.requests().size(), 2u);
  EXPECT_TRUE(absl::StrContains(world.sim.requests()[0].body, "custom_details"));
  EXPECT_FALSE(absl::StrContains(world.sim.requests()[1].body, "custom_details"));
  EXPECT_EQ(world.Metric(Counter("rejected")), 1);
  EXPECT_EQ(world.Metric(Counter("gave_up")), 1);
}

// Whatever answers so is not PagerDuty.
TEST(PagerdutyTargetTest, OnlyA202Confirms) {
  PostingWorld world(PagerdutyOnly());
  world.sim.status = 200;
  world.Open("a");
  world.Run(absl::Seconds(10));
  EXPECT_EQ(world.Metric(Counter("created")), 0);
  EXPECT_EQ(world.Metric(Counter("gave_up")), 1);
}

// Indexes count within a kind: a second kind in the same receiver is another target.
TEST(TargetsTest, EachKindHasItsOwnIndexes) {
  ReceiversAndRoutes config = WebhookOnly();
  Receiver& receiver = config.receivers["payments"];
  receiver.pagerduty_configs = PagerdutyOnly().receivers["payments"].pagerduty_configs;
  receiver.alertmanager_configs = AlertmanagerOnly().receivers["payments"].alertmanager_configs;
  PostingWorld world(config);
  world.Open("a");
  world.Run(absl::Seconds(1));
  for (const Kind& kind : kKinds) {
    EXPECT_THAT(world.RemoteOpen(kind.host), UnorderedElementsAre(Pair("a", "critical")))
        << kind.name;
  }
  world.Configure(WebhookOnly());  // the others keep their last configuration until they close
  world.Close("a");
  world.Run(absl::Seconds(1));
  for (const Kind& kind : kKinds) EXPECT_THAT(world.RemoteOpen(kind.host), IsEmpty()) << kind.name;
}

}  // namespace
}  // namespace tocsin::delivery
