// Evaluate and commit: what a round writes, what it does when the outbox or the disk is full, and
// what an evaluation that fails leaves alone.
#include "engine/shard.h"

#include <gtest/gtest.h>

#include "tests/engine/shard_rig.h"

namespace tocsin::engine {
namespace {

using absl::Seconds;
using absl::StatusCode;
using storage::Family;

constexpr char kFull[] = R"(
monitors:
- {name: full, query: fill, threshold: {critical: "> 5"}}
)";

Labels Fill(const std::string& x) {
  return Labels{{"__name__", "fill"}, {"x", x}};
}
Labels Full(const std::string& x) {
  return Labels{{"alertname", "full"}, {"x", x}};
}

TEST(ShardTest, FullOutboxDefersTheTransitionUntilThereIsRoom) {
  Limits limits;
  limits.outbox_entries_max = 1;
  ShardRig rig(limits);
  ASSERT_TRUE(rig.Install(kFull).ok());
  rig.Send(Fill("a"), 6);
  ASSERT_TRUE(rig.RunTo(Seconds(1)).ok());
  ASSERT_EQ(rig.PageOf("x", "a"), "open");

  rig.Send(Fill("b"), 6);
  EXPECT_TRUE(rig.RunTo(Seconds(2)).ok());
  EXPECT_EQ(rig.StateOf(Full("b")), "ok") << "a state without its page must not be";
  EXPECT_EQ(rig.StateOf(Full("a")), "firing");
  EXPECT_EQ(rig.KeysOnDisk(Family::kAlerts).size(), 1u);
  EXPECT_EQ(rig.metrics().pages_deferred.Value(), 1);

  // Delivery is done with a's page: there is room.
  rig.Send(Fill("a"), 0);
  ASSERT_TRUE(rig.RunTo(Seconds(3)).ok());
  const std::string alias = rig.outbox().Aliases()[0];
  ASSERT_TRUE(*rig.outbox().Remove(alias, rig.outbox().Find(alias)->desired.sequence()));
  rig.Send(Fill("b"), 7);
  ASSERT_TRUE(rig.RunTo(Seconds(4)).ok());
  EXPECT_EQ(rig.StateOf(Full("b")), "firing");
  EXPECT_EQ(rig.PageOf("x", "b"), "open");
}

// A page that is known already needs no new entry: it closes, and changes, in a full outbox.
TEST(ShardTest, FullOutboxStillTakesChangesOfItsPages) {
  Limits limits;
  limits.outbox_entries_max = 1;
  ShardRig rig(limits);
  ASSERT_TRUE(rig.Install(kFull).ok());
  rig.Send(Fill("a"), 6);
  ASSERT_TRUE(rig.RunTo(Seconds(1)).ok());
  rig.Send(Fill("a"), 0);
  ASSERT_TRUE(rig.RunTo(Seconds(2)).ok());
  EXPECT_EQ(rig.PageOf("x", "a"), "closed");
  EXPECT_EQ(rig.metrics().pages_deferred.Value(), 0);
}

TEST(ShardTest, FailedStateWriteStillPublishesThePageAndIsRepeated) {
  ShardRig rig;
  ASSERT_TRUE(rig.Install(kFull).ok());
  rig.Send(Fill("a"), 6);
  rig.store().SetDiskFull(true);
  EXPECT_EQ(rig.RunTo(Seconds(3)).code(), StatusCode::kUnavailable);
  EXPECT_EQ(rig.PageOf("x", "a"), "open") << "a person has to know";
  EXPECT_EQ(rig.metrics().transitions.Value(), 1);
  EXPECT_GE(rig.metrics().commit_failures.Value(), 1);
  EXPECT_TRUE(rig.KeysOnDisk(Family::kAlerts).empty());

  rig.store().SetDiskFull(false);
  EXPECT_TRUE(rig.RunTo(Seconds(5)).ok());
  EXPECT_EQ(rig.KeysOnDisk(Family::kAlerts).size(), 1u);
  EXPECT_EQ(rig.KeysOnDisk(Family::kHistory).size(), 1u);
  EXPECT_EQ(rig.KeysOnDisk(Family::kOutbox).size(), 1u);
  rig.store().Crash();
  rig.Reboot();
  EXPECT_EQ(rig.StateOf(Full("a")), "firing");
  EXPECT_EQ(rig.PageOf("x", "a"), "open");
}

// The disk comes back after the alert resolved: the last word counts, in the order of events.
TEST(ShardTest, ChangesHeldBackByAFullDiskAreWrittenInOrder) {
  ShardRig rig;
  ASSERT_TRUE(rig.Install(kFull).ok());
  rig.Send(Fill("a"), 6);
  rig.Send(Fill("b"), 6);
  for (const auto fault :
       {storage::FaultyStore::Fault::kRefused, storage::FaultyStore::Fault::kTorn}) {
    rig.store().FailWrite(1, fault);
    EXPECT_EQ(rig.shard().EvaluateUpTo(rig.now()).code(), StatusCode::kUnavailable);
    EXPECT_EQ(rig.PageOf("x", "a"), "open");
    rig.Send(Fill("a"), 0, -Seconds(1));
    ASSERT_TRUE(rig.RunTo(rig.now() - ShardRig::kStart + Seconds(2)).ok());
    EXPECT_EQ(rig.PageOf("x", "a"), "closed");
    EXPECT_EQ(rig.KeysOnDisk(Family::kAlerts).size(), 1u) << "b alone";
    rig.Reboot();
    EXPECT_EQ(rig.PageOf("x", "a"), "closed");
    EXPECT_EQ(rig.PageOf("x", "b"), "open");
    EXPECT_EQ(rig.StateOf(Full("a")), "ok");
    rig.Send(Fill("a"), 6);
  }
}

TEST(ShardTest, RoundWithTransitionsIsSyncedAndTheClockAloneIsNot) {
  ShardRig rig;
  ASSERT_TRUE(rig.Install(kFull).ok());
  rig.Send(Fill("a"), 0);
  ASSERT_TRUE(rig.RunTo(Seconds(10)).ok());
  EXPECT_GT(rig.store().unsynced(), 0u) << "only the clock went on";
  rig.Send(Fill("a"), 6);
  const uint64_t before = rig.store().writes();
  ASSERT_TRUE(rig.shard().EvaluateUpTo(rig.now()).ok());
  EXPECT_EQ(rig.store().writes(), before + 1) << "state, history, page and clock are one write";
  EXPECT_EQ(rig.store().unsynced(), 0u);
  EXPECT_EQ(rig.ClockOnDisk().evaluated_ms(), rig.now().millis());
}

TEST(ShardTest, TooManyAlertsIsAnErrorAndChangesNothing) {
  Limits limits;
  limits.alerts_per_rule_max = 2;
  for (const char* rules : {kFull,
                            "groups:\n- name: g\n  interval: 1s\n  rules:\n"
                            "  - {alert: full, expr: fill > 5}\n"}) {
    ShardRig rig(limits);
    ASSERT_TRUE(rig.Install(rules).ok());
    rig.Send(Fill("a"), 6);
    rig.Send(Fill("b"), 6);
    ASSERT_TRUE(rig.RunTo(Seconds(2)).ok());
    ASSERT_EQ(rig.Error(), "");
    rig.Send(Fill("c"), 6);
    rig.Send(Fill("d"), 6);
    ASSERT_TRUE(rig.RunTo(Seconds(4)).ok()) << "an error of a rule is none of the shard";
    EXPECT_NE(rig.Error().find("alerts_per_rule_max (2)"), std::string::npos) << rig.Error();
    EXPECT_GE(rig.metrics().failures.Value(), 1);
    EXPECT_EQ(rig.StateOf(Full("a")) + rig.StateOf(Full("b")), "firingfiring");
    EXPECT_EQ(rig.StateOf(Full("c")) + rig.StateOf(Full("d")), "okok");
    EXPECT_EQ(rig.outbox().size(), 2u);

    rig.Send(Fill("c"), 0);
    rig.Send(Fill("d"), 0);
    ASSERT_TRUE(rig.RunTo(Seconds(6)).ok());
    EXPECT_EQ(rig.Error(), "");
    EXPECT_EQ(rig.StateOf(Full("b")), "firing");
  }
}

// Rows y=1 and y=2 are different alerts; the second row of y=2 makes the whole evaluation an error,
// whatever came before it in the result.
TEST(ShardTest, DuplicateLabelsetErrorLeavesStateUntouched) {
  ShardRig rig;
  ASSERT_TRUE(rig.Install("groups:\n- name: g\n  interval: 1s\n  rules:\n"
                          "  - {alert: full, expr: fill > 5, labels: {x: ''}}\n")
                  .ok());
  const auto fill = [](const char* x, const char* y) {
    return Labels{{"__name__", "fill"}, {"x", x}, {"y", y}};
  };
  const auto alert = [](const char* y) { return Labels{{"alertname", "full"}, {"y", y}}; };
  rig.Send(fill("1", "2"), 6);
  ASSERT_TRUE(rig.RunTo(Seconds(2)).ok());
  ASSERT_EQ(rig.StateOf(alert("2")), "firing");
  const uint64_t sequence = rig.outbox().Find(rig.outbox().Aliases()[0])->desired.sequence();

  for (const char* y : {"0", "1", "3"}) rig.Send(fill("1", y), 6);
  rig.Send(fill("2", "2"), 6);
  ASSERT_TRUE(rig.RunTo(Seconds(4)).ok());
  EXPECT_NE(rig.Error().find("same labelset"), std::string::npos) << rig.Error();
  EXPECT_EQ(rig.StateOf(alert("2")), "firing");
  for (const char* y : {"0", "1", "3"}) EXPECT_EQ(rig.StateOf(alert(y)), "ok") << y;
  EXPECT_EQ(rig.outbox().size(), 1u);
  EXPECT_EQ(rig.outbox().Find(rig.outbox().Aliases()[0])->desired.sequence(), sequence);
  EXPECT_EQ(rig.KeysOnDisk(Family::kAlerts).size(), 1u);

  rig.Send(fill("2", "2"), 0);
  ASSERT_TRUE(rig.RunTo(Seconds(6)).ok());
  EXPECT_EQ(rig.Error(), "");
  for (const char* y : {"0", "1", "2", "3"}) EXPECT_EQ(rig.StateOf(alert(y)), "firing") << y;
}

}  // namespace
}  // namespace tocsin::engine
