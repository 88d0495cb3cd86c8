// A receiver moves from OpsGenie to Jira Service Management while pages are open. The alerts were
// carried over there, under their aliases and with other ids, or they were not.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/random.h"
#include "integrations/opsgenie/request.h"
#include "tests/opsgenie/delivery_world.h"

namespace tocsin::delivery {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Move {
  std::string name;
  bool restart = false;
  bool carried_over = false;
  bool rest = false;
  bool token_works = true;
  bool looks() const { return rest && token_works; }
};

std::vector<Move> AllMoves() {
  std::vector<Move> moves;
  for (const bool restart : {false, true}) {
    for (const bool carried_over : {false, true}) {
      for (const char* api : {"alone", "with REST", "with a bad token"}) {
        moves.push_back({absl::StrCat(restart ? "restart, " : "reload, ",
                                      carried_over ? "carried over, " : "left behind, ", api),
                         restart, carried_over, api != std::string("alone"),
                         api != std::string("with a bad token")});
      }
    }
  }
  return moves;
}

// The simulator keeps the accounts of both products apart.
sim::SimOptions BothProducts() {
  sim::SimOptions options = TestSim();
  options.strict_details = options.strict_unknown_fields = true;
  options.keys[kTestKey].product = "opsgenie";
  options.keys[kOtherKey].product = options.keys[kTestToken].product = "jsm";
  options.keys[kOtherKey].account = options.keys[kTestToken].account = "jsm";
  return options;
}

opsgenie::OpsgenieConfig JsmOf(const Move& move) {
  opsgenie::OpsgenieConfig target = move.rest ? JsmRestTarget() : JsmTarget();
  target.api_key = Secret(kOtherKey);
  if (!move.token_works) target.jsm_rest.token = Secret("no-token");
  return target;
}

class MovingWorld : public DeliveryWorld {
 public:
  explicit MovingWorld(const Move& move)
      : DeliveryWorld(TestConfig(), BothProducts()), move_(move) {}

  // What is open at OpsGenie, as far as it was carried over; then the configuration changes.
  void MoveToJsm() {
    if (move_.carried_over) CarryOver();
    config = std::make_shared<const ReceiversAndRoutes>(TestConfig(JsmOf(move_)));
    if (move_.restart)
      Crash(/*lose_buffered=*/false);
    else
      delivery->SetReceivers(config);
  }
  std::vector<const sim::SimAlert*> AtJsm(const std::string& alias) const {
    std::vector<const sim::SimAlert*> out;
    for (const auto& [id, alert] : sim.alerts()) {
      if (alert.account == "jsm" && alert.alias == alias) out.push_back(&alert);
    }
    return out;
  }
  std::vector<std::string> OpenAtJsm() const {
    std::vector<std::string> out;
    for (const auto& [id, alert] : sim.alerts()) {
      if (alert.account == "jsm" && alert.open) out.push_back(alert.alias);
    }
    std::sort(out.begin(), out.end());
    return out;
  }

 private:
  void CarryOver() {
    std::vector<sim::SimAlert> open;
    for (const auto& [id, alert] : sim.alerts()) {
      if (alert.open) open.push_back(alert);
    }
    for (const sim::SimAlert& alert : open) {
      opsgenie::PageContent content;
      content.alias = alert.alias;
      content.message = alert.message;
      content.description = alert.description;
      content.priority = alert.priority;
      content.tags = alert.tags;
      for (const auto& [key, value] : alert.details) content.details.emplace_back(key, value);
      sim.Handle(opsgenie::CreateAlert(JsmOf(move_), content), now);
    }
    sim.AdvanceTo(now + absl::Seconds(1));  // before anything else happens
  }

  const Move move_;
};

TEST(DeliveryMovedTest, WhatFiresIsOpenThereOnceAndClosesThere) {
  for (const Move& move : AllMoves()) {
    SCOPED_TRACE(move.name);
    MovingWorld world(move);
    world.Open("a", "warning");
    world.Open("b");
    world.Run(absl::Seconds(2));
    world.MoveToJsm();
    world.Run(absl::Minutes(3));
    EXPECT_THAT(world.OpenAtJsm(), ElementsAre("a", "b"));
    ASSERT_EQ(world.AtJsm("a").size(), 1u);
    if (move.looks() && !move.restart) {
      EXPECT_EQ(world.AtJsm("a")[0]->count, 1) << "nothing was sent that was there";
    }
    EXPECT_LE(world.AtJsm("a")[0]->count, 2);
    EXPECT_FALSE(world.outbox->OldestUnsettledMillis().has_value());
    // Quiet afterwards, also across another start.
    const size_t creates = world.CountSent("POST", "/v2/alerts");
    world.Crash(/*lose_buffered=*/false);
    world.Run(absl::Minutes(3));
    EXPECT_EQ(world.CountSent("POST", "/v2/alerts"), creates);
    world.Change("a", "critical", "a is down");
    world.Run(absl::Seconds(5));
    ASSERT_EQ(world.AtJsm("a").size(), 1u);
    const sim::SimAlert& alert = *world.AtJsm("a")[0];
    EXPECT_EQ(alert.priority, move.looks() ? "P1" : "P3");
    EXPECT_EQ(alert.notes.size(), move.looks() ? 0u : 1u);
    world.Close("a");
    world.Close("b");
    world.Run(absl::Minutes(3));
    EXPECT_THAT(world.OpenAtJsm(), IsEmpty());
    EXPECT_EQ(world.outbox->size(), 0u);
    EXPECT_THAT(world.RemoteOpen(), ElementsAre("a", "b")) << "OpsGenie's own stay as they are";
    EXPECT_THAT(world.Refusals(), IsEmpty());
  }
}

TEST(DeliveryMovedTest, WhatChangedWithTheMoveIsTold) {
  for (const Move& move : AllMoves()) {
    SCOPED_TRACE(move.name);
    MovingWorld world(move);
    world.Open("a", "warning");
    world.Run(absl::Seconds(2));
    world.MoveToJsm();
    world.Change("a", "critical", "a is down");
    world.Run(absl::Minutes(3));
    ASSERT_EQ(world.AtJsm("a").size(), 1u);
    const sim::SimAlert& alert = *world.AtJsm("a")[0];
    if (move.looks() || !move.carried_over) {
      EXPECT_EQ(alert.message, "a is down");
      EXPECT_EQ(alert.priority, "P1");
    } else {
      ASSERT_EQ(alert.notes.size(), 1u);
      EXPECT_TRUE(absl::StartsWith(alert.notes[0].text, "Now P1: a is down"))
          << alert.notes[0].text;
    }
  }
}

TEST(DeliveryMovedTest, WhatEndsWithTheMoveIsClosedThereAndNotOpened) {
  for (const Move& move : AllMoves()) {
    SCOPED_TRACE(move.name);
    MovingWorld world(move);
    world.Open("a");
    world.Run(absl::Seconds(2));
    world.MoveToJsm();
    world.Close("a");
    world.Run(absl::Minutes(5));
    EXPECT_THAT(world.OpenAtJsm(), IsEmpty());
    EXPECT_EQ(world.AtJsm("a").size(), move.carried_over ? 1u : 0u);
    EXPECT_EQ(world.outbox->size(), 0u);
  }
}

TEST(DeliveryMovedTest, ANewEpisodeAfterTheMoveHasAnAlertOfItsOwn) {
  for (const Move& move : AllMoves()) {
    SCOPED_TRACE(move.name);
    MovingWorld world(move);
    world.Open("a");
    world.Run(absl::Seconds(2));
    world.MoveToJsm();
    world.Close("a");
    world.Open("a");
    world.Run(absl::Minutes(5));
    EXPECT_THAT(world.OpenAtJsm(), ElementsAre("a"));
    EXPECT_EQ(world.AtJsm("a").size(), move.carried_over ? 2u : 1u);
    EXPECT_FALSE(world.outbox->OldestUnsettledMillis().has_value());
  }
}

TEST(DeliveryMovedTest, WhatPeopleClosedIsNotOpenedByTheMove) {
  for (const Move& move : AllMoves()) {
    SCOPED_TRACE(move.name);
    MovingWorld world(move);
    world.Open("a", "warning");
    world.Run(absl::Seconds(2));
    world.CloseByHand("a");
    world.Change("a", "warning", "still high");
    world.Run(absl::Seconds(5));
    EXPECT_EQ(world.Metric(Pages("closed_by_others")), 1);
    world.MoveToJsm();
    world.Run(absl::Minutes(3));
    EXPECT_THAT(world.OpenAtJsm(), IsEmpty());
    world.Change("a", "critical", "a is down");
    world.Run(absl::Minutes(3));
    EXPECT_THAT(world.OpenAtJsm(), ElementsAre("a")) << "a worse level is told";
  }
}

// The answer of OpsGenie, or what it says of the request, is not in when the move comes.
TEST(DeliveryMovedTest, APageUnderWayIsOpenThereOnceAndClosesThere) {
  for (const Move& move : AllMoves()) {
    for (const int after_ms : {5, 150, 350}) {
      for (const bool ends : {false, true}) {
        SCOPED_TRACE(absl::StrCat(move.name, " after ", after_ms, ends ? " ms, ends" : " ms"));
        MovingWorld world(move);
        world.SetLatency(absl::Milliseconds(100));
        world.Open("a");
        world.Run(absl::Milliseconds(after_ms));
        world.MoveToJsm();
        if (ends) world.Close("a");
        world.Run(absl::Minutes(5));
        if (ends) {
          EXPECT_THAT(world.OpenAtJsm(), IsEmpty());
          EXPECT_EQ(world.outbox->size(), 0u);
        } else {
          EXPECT_THAT(world.OpenAtJsm(), ElementsAre("a"));
          EXPECT_EQ(world.AtJsm("a").size(), 1u);
        }
      }
    }
  }
}

TEST(DeliveryMovedTest, TheMoveIsFinishedUnderFaultsAndRestarts) {
  for (const Move& move : AllMoves()) {
    SCOPED_TRACE(move.name);
    MovingWorld world(move);
    for (const char* alias : {"a", "b", "c", "d"}) world.Open(alias);
    world.Run(absl::Seconds(2));
    world.MoveToJsm();
    world.sim.SetFaults({.drop_before = 0.3, .drop_after = 0.3, .error_503 = 0.3});
    for (int i = 0; i < 5; ++i) {
      world.Run(absl::Milliseconds(700));
      world.Crash(/*lose_buffered=*/true);
    }
    world.Close("d");
    world.sim.SetFaults({});
    world.Run(absl::Minutes(10));
    EXPECT_THAT(world.OpenAtJsm(), ElementsAre("a", "b", "c"));
    for (const char* alias : {"a", "b", "c"}) EXPECT_EQ(world.AtJsm(alias).size(), 1u) << alias;
    EXPECT_FALSE(world.outbox->OldestUnsettledMillis().has_value());
  }
}

void RandomStep(MovingWorld& world, Random& random) {
  const std::string alias(1, static_cast<char>('a' + random.Next() % 5));
  const double dice = random.Uniform();
  if (dice < 0.4) {
    if (!world.IsOpen(alias))
      world.Open(alias, random.Next() % 2 ? "critical" : "warning");
    else if (random.Next() % 2)
      world.Close(alias);
    else
      world.Change(alias, random.Next() % 2 ? "critical" : "warning", "changed");
  } else if (dice < 0.5) {
    world.sim.SetFaults({.drop_before = 0.2 * random.Uniform(),
                         .drop_after = 0.2 * random.Uniform(),
                         .error_500 = 0.2 * random.Uniform(),
                         .slow = 0.2 * random.Uniform()});
  } else if (dice < 0.57) {
    world.Crash(/*lose_buffered=*/random.Next() % 2 == 0);
  } else {
    world.Run(absl::Milliseconds(random.Next() % (random.Next() % 4 ? 500 : 20'000)));
  }
}

TEST(DeliveryMovedTest, WheneverTheMoveComesWhatFiresIsOpenThere) {
  SetLogLevel(LogLevel::kError);
  testing::internal::CaptureStderr();
  for (uint64_t seed = 1; seed <= 40 && !HasFailure(); ++seed) {
    for (const Move& move : AllMoves()) {
      SCOPED_TRACE(absl::StrCat(move.name, ", seed ", seed));
      SeededRandom random(seed);
      MovingWorld world(move);
      for (size_t steps = random.Next() % 40; steps > 0; --steps) RandomStep(world, random);
      world.sim.SetFaults({});
      world.MoveToJsm();
      for (size_t steps = random.Next() % 40; steps > 0; --steps) RandomStep(world, random);
      world.sim.SetFaults({});
      world.Run(absl::Minutes(30));
      EXPECT_EQ(world.OpenAtJsm(), world.OpenAliases());
      EXPECT_EQ(world.outbox->size(), world.OpenAliases().size());
      EXPECT_FALSE(world.outbox->OldestUnsettledMillis().has_value());
      EXPECT_THAT(world.Refusals(), IsEmpty());
    }
  }
  testing::internal::GetCapturedStderr();
  SetLogLevel(LogLevel::kInfo);
}

}  // namespace
}  // namespace tocsin::delivery
