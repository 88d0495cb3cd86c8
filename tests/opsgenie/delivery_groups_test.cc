// Alerts that share a page, from the outbox to the simulator: groups of a route, and storms.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "integrations/delivery/group_page.h"
#include "tests/opsgenie/delivery_world.h"

namespace tocsin::delivery {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

ReceiversAndRoutes GroupedByTeam() {
  ReceiversAndRoutes config = TestConfig();
  config.route.group_by = {{"team"}};
  return config;
}

ReceiversAndRoutes WithStorms(size_t alerts) {
  ReceiversAndRoutes config = TestConfig();
  config.route.storm_alerts = alerts;
  return config;
}

// What an open group page at the simulator lists.
std::string Description(const DeliveryWorld& world, const std::string& alias) {
  for (const auto& [id, alert] : world.sim.alerts()) {
    if (alert.open && alert.alias == alias) return alert.description;
  }
  return "";
}

TEST(DeliveryGroupsTest, AlertsOfAGroupShareAPageThatFollowsThem) {
  DeliveryWorld world(GroupedByTeam(), TestSim());
  world.Open("a", "warning");
  world.Open("b", "critical");
  world.Run(absl::Seconds(29));
  EXPECT_THAT(world.RemoteOpen(), IsEmpty()) << "group_wait";
  world.Run(absl::Seconds(5));
  ASSERT_THAT(world.RemoteOpen(), SizeIs(1));
  const std::string alias = world.RemoteOpen()[0];
  EXPECT_EQ(OnlyAlert(world).message, "2 alerts: team=payments");
  EXPECT_EQ(OnlyAlert(world).priority, "P1");
  EXPECT_THAT(Description(world, alias), HasSubstr("a is warning"));
  // One of them ends: the page says so after group_interval, and falls to the other's level.
  world.Close("b");
  world.Run(absl::Minutes(6));
  EXPECT_EQ(OnlyAlert(world).message, "a is warning");
  EXPECT_EQ(OnlyAlert(world).priority, "P3");
  world.Close("a");
  world.Run(absl::Minutes(6));
  EXPECT_THAT(world.RemoteOpen(), IsEmpty());
  EXPECT_EQ(world.outbox->size(), 0u) << "nothing is left behind";
  EXPECT_EQ(world.CountSent("POST", "/v2/alerts"), 1u);
}

TEST(DeliveryGroupsTest, AGroupTellsTheNewestEvidenceOfItsAlerts) {
  std::vector<state::v1::DesiredPage> members(3);
  for (int i = 0; i < 3; ++i) {
    for (int line = 0; line < 3; ++line) {
      auto& evidence = *members[i].add_evidence();
      evidence.set_time_ms(10 * line + i);
      evidence.set_text(absl::StrCat(i, line));
    }
  }
  state::v1::DesiredPage page;
  page.add_evidence()->set_text("as it was told before");
  DescribeGroup(GroupId(), {&members[0], &members[1], &members[2]}, page);
  std::vector<std::string> texts;
  for (const auto& one : page.evidence()) texts.push_back(one.text());
  EXPECT_THAT(texts, ElementsAre("22", "12", "02", "21", "11"));
}

TEST(DeliveryGroupsTest, OtherLabelsMakeAnotherGroup) {
  DeliveryWorld world(GroupedByTeam(), TestSim());
  world.Open("a", "critical", "payments");
  world.Open("b", "critical", "search");
  world.Run(absl::Minutes(1));
  EXPECT_THAT(world.RemoteOpen(), SizeIs(2));
}

TEST(DeliveryGroupsTest, ARestartKeepsTheGroupAndItsPage) {
  DeliveryWorld world(GroupedByTeam(), TestSim());
  world.Open("a");
  world.Open("b");
  world.Run(absl::Seconds(10));
  world.Crash(/*lose_buffered=*/true);  // before anything was told
  world.Run(absl::Minutes(1));
  ASSERT_THAT(world.RemoteOpen(), SizeIs(1));
  world.Crash(/*lose_buffered=*/true);
  world.Close("a");
  world.Crash(/*lose_buffered=*/true);
  world.Run(absl::Minutes(10));
  EXPECT_EQ(OnlyAlert(world).message, "b is critical");
  world.Close("b");
  world.Run(absl::Minutes(10));
  EXPECT_THAT(world.RemoteOpen(), IsEmpty());
  EXPECT_EQ(world.outbox->size(), 0u);
  EXPECT_EQ(world.CountSent("POST", "/v2/alerts"), 1u);
}

TEST(DeliveryGroupsTest, AStormIsFoldedIntoOnePageThatListsIt) {
  DeliveryWorld world(WithStorms(5), TestSim());
  for (int i = 0; i < 40; ++i) world.Open(absl::StrCat("host", i));
  world.Run(absl::Seconds(20));
  std::vector<std::string> open = world.RemoteOpen();
  ASSERT_THAT(open, SizeIs(6)) << "five of their own, one for all others";
  const auto storm = std::find_if(open.begin(), open.end(), [](const std::string& alias) {
    return absl::StartsWith(alias, "storm-");
  });
  ASSERT_NE(storm, open.end());
  for (const auto& [id, alert] : world.sim.alerts()) {
    if (alert.alias == *storm) {
      EXPECT_EQ(alert.message, "35 alerts at once: alertname=Checkout");
    }
  }
  // It follows them, and closes with the last.
  for (int i = 6; i < 40; ++i) world.Close(absl::StrCat("host", i));
  world.Run(absl::Seconds(20));
  EXPECT_THAT(Description(world, *storm), HasSubstr("Rule checkout-latency"));
  world.Close("host5");
  world.Run(absl::Seconds(20));
  EXPECT_THAT(world.RemoteOpen(), ElementsAre("host0", "host1", "host2", "host3", "host4"));
}

TEST(DeliveryGroupsTest, AfterAStormAlertsHavePagesOfTheirOwnAgain) {
  DeliveryWorld world(WithStorms(2), TestSim());
  for (int i = 0; i < 5; ++i) world.Open(absl::StrCat("host", i));
  world.Run(absl::Minutes(2));
  ASSERT_THAT(world.RemoteOpen(), SizeIs(3));
  world.Open("late");
  world.Run(absl::Seconds(10));
  EXPECT_THAT(world.RemoteOpen(), ::testing::Contains("late"));
}

TEST(DeliveryGroupsTest, AnAlertThatComesAndGoesIsNoStorm) {
  DeliveryWorld world(WithStorms(2), TestSim());
  for (int i = 0; i < 10; ++i) {
    world.Open("flapping");
    world.Run(absl::Seconds(2));
    EXPECT_THAT(world.RemoteOpen(), ElementsAre("flapping"));
    world.Close("flapping");
    world.Run(absl::Seconds(2));
  }
}

// Random openings and closings, crashes, faults and reloads that change the grouping. In the end
// each firing alert is told: by a page of its own or by a group's page that includes it as it is
// now; and no other page is open.
void RunSeed(uint64_t seed) {
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  SeededRandom random(seed);
  const auto random_config = [&] {
    ReceiversAndRoutes config = random.Uniform() < 0.5 ? GroupedByTeam() : WithStorms(3);
    config.route.group_wait = absl::Seconds(random.Next() % 20);
    config.route.group_interval = absl::Seconds(1 + random.Next() % 60);
    return config;
  };
  DeliveryWorld world(random_config(), TestSim(), seed);
  for (int step = 0; step < 80; ++step) {
    const std::string alias = absl::StrCat("alias", random.Next() % 10);
    const double dice = random.Uniform();
    if (dice < 0.55) {
      if (world.IsOpen(alias))
        random.Uniform() < 0.7 ? world.Close(alias) : world.Change(alias, "warning", "changed");
      else
        world.Open(alias, random.Next() % 2 ? "critical" : "warning",
                   random.Next() % 2 ? "payments" : "search");
    } else if (dice < 0.62) {
      sim::FaultPlan faults;
      if (random.Uniform() < 0.7) {
        faults.drop_before = faults.drop_after = faults.error_503 = 0.2;
      }
      world.sim.SetFaults(faults);
    } else if (dice < 0.68) {
      world.Crash(random.Uniform() < 0.5);
    } else if (dice < 0.72) {
      world.config = std::make_shared<const ReceiversAndRoutes>(random_config());
      world.delivery->SetReceivers(world.config);
    } else {
      world.Run(absl::Milliseconds(random.Next() % 40'000));
    }
  }
  world.sim.SetFaults({});
  world.Run(absl::Minutes(30));
  std::set<std::string> told;
  for (const std::string& alias : world.RemoteOpen()) {
    const auto entry = world.outbox->Find(alias);
    ASSERT_TRUE(entry.has_value()) << "open, but nobody wants it: " << alias;
    EXPECT_TRUE(entry->desired.open()) << alias;
    if (!entry->desired.has_group()) told.insert(alias);
    for (const auto& member : entry->desired.group().members()) {
      EXPECT_EQ(member.sequence(), world.Desired(member.alias()).sequence()) << member.alias();
      told.insert(member.alias());
    }
  }
  const std::vector<std::string> firing = world.OpenAliases();
  EXPECT_EQ(told, std::set<std::string>(firing.begin(), firing.end()));
  EXPECT_FALSE(world.outbox->OldestUnsettledMillis().has_value());
  EXPECT_THAT(world.Refusals(), IsEmpty());
  for (const std::string& alias : world.outbox->Aliases()) {
    EXPECT_TRUE(world.outbox->Find(alias)->desired.open()) << "left behind: " << alias;
  }
  const size_t requests = world.sim.journal().size();
  world.Run(absl::Hours(1));
  EXPECT_EQ(world.sim.journal().size(), requests) << "quiet afterwards";
}

TEST(DeliveryGroupsTest, InTheEndEveryFiringAlertIsToldAndNothingElse) {
  testing::internal::CaptureStderr();
  for (uint64_t seed = 1; seed <= 200 && !HasFailure(); ++seed) RunSeed(seed);
  testing::internal::GetCapturedStderr();
}

}  // namespace
}  // namespace tocsin::delivery
