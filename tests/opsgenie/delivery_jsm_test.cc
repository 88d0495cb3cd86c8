// Delivery to Jira Service Management through both of its APIs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/opsgenie/delivery_world.h"

namespace tocsin::delivery {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kRest[] = "/jsm/ops/api/";

size_t CountRest(const DeliveryWorld& world, const std::string& path_part = "") {
  size_t count = 0;
  for (const auto& entry : world.sim.journal()) {
    count += absl::StrContains(entry.target, kRest) && absl::StrContains(entry.target, path_part);
  }
  return count;
}

sim::SimOptions StrictSim() {
  sim::SimOptions options = TestSim();
  options.strict_details = options.strict_unknown_fields = true;
  return options;
}

TEST(DeliveryJsmTest, AWorseLevelChangesThePageThroughRest) {
  DeliveryWorld world(TestConfig(JsmRestTarget()), StrictSim());
  world.Open("a/b %", "warning");
  world.Run(absl::Seconds(1));
  EXPECT_EQ(CountRest(world), 0u) << "pages are opened with the integration's key";
  world.Change("a/b %", "critical", "a is down");
  world.Run(absl::Seconds(5));
  const sim::SimAlert& alert = OnlyAlert(world);
  EXPECT_EQ(alert.priority, "P1");
  EXPECT_EQ(alert.message, "a is down");
  EXPECT_EQ(alert.details.at("severity"), "critical");
  EXPECT_THAT(alert.tags, ElementsAre("critical"));
  EXPECT_EQ(alert.count, 1);
  EXPECT_THAT(alert.notes, IsEmpty());
  EXPECT_EQ(world.CountSent("PATCH", "/priority"), 1u);
  EXPECT_EQ(world.CountSent("PATCH", "/message"), 1u);
  EXPECT_EQ(world.CountSent("POST", "/extra-properties"), 1u);
  EXPECT_EQ(CountRest(world, "/v1/alerts/requests/"), 5u) << "asked where they were sent to";
  EXPECT_THAT(world.Refusals(), IsEmpty());
  world.Close("a/b %");
  world.Run(absl::Seconds(1));
  EXPECT_THAT(world.RemoteOpen(), IsEmpty());
  EXPECT_EQ(world.outbox->size(), 0u);
}

TEST(DeliveryJsmTest, ADescriptionThatDiffersIsChangedThroughRest) {
  DeliveryWorld world(TestConfig(JsmRestTarget()), StrictSim());
  world.Open("a", "warning");
  world.Run(absl::Seconds(1));
  const std::string before = OnlyAlert(world).description;
  world.ChangeDescription("a", "look at the dashboard");
  world.Run(absl::Seconds(2));
  EXPECT_NE(OnlyAlert(world).description, before);
  EXPECT_TRUE(absl::StrContains(OnlyAlert(world).description, "look at the dashboard"));
  EXPECT_EQ(world.CountSent("PATCH", "/description"), 1u);
}

TEST(DeliveryJsmTest, ALostAnswerIsLookedUpInsteadOfRepeated) {
  DeliveryWorld world(TestConfig(JsmRestTarget()), StrictSim());
  world.sim.SetFaults({.drop_after = 1});
  world.Open("a");
  world.Run(absl::Milliseconds(10));
  world.sim.SetFaults({});
  world.Run(absl::Seconds(5));
  EXPECT_EQ(OnlyAlert(world).count, 1);
  EXPECT_EQ(world.CountSent("POST", "/v2/alerts"), 1u);
  EXPECT_GE(CountRest(world, "/alerts/alias?alias=a"), 1u);
  EXPECT_EQ(world.Metric(Pages("created")), 1);
  EXPECT_THAT(world.Refusals(), IsEmpty());
}

// The integration API may not tell what became of a request: the id comes from a look.
TEST(DeliveryJsmTest, WithoutARequestStatusThePageIsLookedUpAndThenChanged) {
  // The page is there after three seconds, and changes before or after that.
  for (const auto& [status, wait] :
       {std::pair(403, absl::Milliseconds(500)), std::pair(405, absl::Milliseconds(500)),
        std::pair(403, absl::Minutes(2))}) {
    SCOPED_TRACE(absl::StrCat(status, " after ", absl::FormatDuration(wait)));
    sim::SimOptions options = StrictSim();
    options.delay = absl::Seconds(3);
    DeliveryWorld world(TestConfig(JsmRestTarget()), options);
    world.sim.SetFaults({.statuses = {{"GET", "/integration/v2/alerts/requests/", status}}});
    world.Open("a", "warning");
    world.Run(wait);
    world.Change("a", "warning", "a is slow");
    world.Run(absl::Minutes(2));
    EXPECT_EQ(OnlyAlert(world).message, "a is slow");
    world.Change("a", "critical", "a is down");
    world.Run(absl::Minutes(2));
    EXPECT_EQ(OnlyAlert(world).priority, "P1");
    EXPECT_EQ(OnlyAlert(world).message, "a is down");
    EXPECT_THAT(OnlyAlert(world).notes, IsEmpty());
    world.Close("a");
    world.Run(absl::Minutes(5));
    EXPECT_THAT(world.RemoteOpen(), IsEmpty());
    EXPECT_EQ(world.outbox->size(), 0u);
  }
}

TEST(DeliveryJsmTest, ARefusedTokenHoldsUpNoPage) {
  for (const int status : {401, 403}) {
    SCOPED_TRACE(status);
    DeliveryWorld world(TestConfig(JsmRestTarget()), StrictSim());
    world.Open("a", "warning");
    world.Open("b", "warning");
    world.Run(absl::Seconds(1));
    world.sim.SetFaults({.statuses = {{"*", kRest, status}}});
    testing::internal::CaptureStderr();
    world.Change("a", "critical", "a is down");
    world.Change("b", "critical", "b is down");
    world.Run(absl::Seconds(2));
    world.Open("c");
    world.Run(absl::Seconds(2));
    const std::string log = testing::internal::GetCapturedStderr();
    EXPECT_THAT(world.RemoteOpen(), ElementsAre("a", "b", "c"));
    EXPECT_EQ(world.Metric("tocsin_receiver_blocked"), 0);
    for (const auto& [id, alert] : world.sim.alerts()) {
      EXPECT_EQ(alert.notes.size(), alert.alias == "c" ? 0u : 1u) << alert.alias;
    }
    EXPECT_EQ(CountOf(log, "REST API refuses us"), 1u) << log;
    EXPECT_EQ(CountOf(log, kTestToken), 0u);
    EXPECT_EQ(CountRest(world), 2u) << "each page asks once";
    world.Close("a");
    world.Run(absl::Seconds(2));
    EXPECT_THAT(world.RemoteOpen(), ElementsAre("b", "c"));
    // The token is corrected: a reload tries again.
    world.sim.SetFaults({});
    world.delivery->SetReceivers(world.config);
    world.Change("b", "warning", "b is better");
    world.Run(absl::Seconds(5));
    EXPECT_GT(world.CountSent("PATCH", "/priority"), 1u);
    for (const auto& [id, alert] : world.sim.alerts()) {
      EXPECT_EQ(alert.priority, alert.alias == "c" ? "P1" : "P3") << alert.alias;
    }
  }
}

TEST(DeliveryJsmTest, ATokenThatIsRefusedAfterALostAnswerRepeatsTheCreate) {
  DeliveryWorld world(TestConfig(JsmRestTarget()), StrictSim());
  world.sim.SetFaults({.drop_after = 1});
  world.Open("a");
  world.Run(absl::Milliseconds(10));
  world.sim.SetFaults({.statuses = {{"*", kRest, 401}}});
  world.Run(absl::Minutes(3));
  EXPECT_THAT(world.RemoteOpen(), ElementsAre("a"));
  EXPECT_EQ(world.Metric(Pages("created")), 1);
  EXPECT_FALSE(world.outbox->OldestUnsettledMillis().has_value());
}

TEST(DeliveryJsmTest, ARestApiThatIsDownDelaysALostPageByABoundedTime) {
  DeliveryWorld world(TestConfig(JsmRestTarget()), StrictSim());
  world.sim.SetFaults({.statuses = {{"POST", "/v2/alerts", 503}, {"*", kRest, 503}}});
  world.Open("a");
  world.Open("b");
  world.Run(absl::Milliseconds(10));
  world.sim.SetFaults({.drop_before = 1});
  world.Run(absl::Seconds(2));
  world.sim.SetFaults({.statuses = {{"*", kRest, 503}}});
  world.Run(absl::Minutes(1));
  EXPECT_THAT(world.RemoteOpen(), ElementsAre("a", "b"));
  world.Close("a");
  world.sim.SetFaults({});
  world.Run(absl::Minutes(5));
  EXPECT_THAT(world.RemoteOpen(), ElementsAre("b"));
}

}  // namespace
}  // namespace tocsin::delivery
