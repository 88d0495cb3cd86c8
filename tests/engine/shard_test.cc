// Evaluate and commit: what a round writes, and what it does when the outbox or the disk is full.
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

TEST(ShardTest, AMonitorThatTakesLongRests) {
  ShardRig rig;
  ASSERT_TRUE(rig.Install(kFull).ok());
  rig.Send(Fill("a"), 1);
  ASSERT_TRUE(rig.RunTo(Seconds(1)).ok());
  const double rested = rig.metrics().rested.Value();
  EXPECT_EQ(rested, 0);

  rig.EvaluationsTake(absl::Milliseconds(60));
  rig.Send(Fill("a"), 2);
  ASSERT_TRUE(rig.RunTo(absl::Milliseconds(1010)).ok());
  EXPECT_EQ(rig.metrics().rested.Value(), 1);
  rig.Send(Fill("a"), 6);
  ASSERT_TRUE(rig.RunTo(absl::Milliseconds(1250)).ok());
  EXPECT_EQ(rig.StateOf(Full("a")), "ok") << "five times 60 ms after the last evaluation";
  ASSERT_TRUE(rig.RunTo(absl::Milliseconds(1350)).ok());
  EXPECT_EQ(rig.StateOf(Full("a")), "firing");
}

TEST(ShardTest, AMonitorThatIsQuickDoesNotRest) {
  ShardRig rig;
  ASSERT_TRUE(rig.Install(kFull).ok());
  rig.Send(Fill("a"), 1);
  ASSERT_TRUE(rig.RunTo(Seconds(1)).ok());
  rig.EvaluationsTake(absl::Milliseconds(10));
  rig.Send(Fill("a"), 2);
  ASSERT_TRUE(rig.RunTo(absl::Milliseconds(1010)).ok());
  rig.Send(Fill("a"), 6);
  ASSERT_TRUE(rig.RunTo(absl::Milliseconds(1150)).ok());
  EXPECT_EQ(rig.StateOf(Full("a")), "firing") << "a hundredth of a second is not long";
  EXPECT_EQ(rig.metrics().rested.Value(), 0);
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

TEST(ShardTest, FailedStateWriteIsRepeatedByTheNextCallThoughNothingIsDue) {
  ShardRig rig;
  ASSERT_TRUE(rig.Install(kFull).ok());
  ASSERT_TRUE(rig.RunTo(Seconds(1)).ok());
  rig.Send(Fill("a"), 6);
  rig.store().FailWrite(1, storage::FaultyStore::Fault::kRefused);
  ASSERT_FALSE(rig.shard().EvaluateUpTo(rig.now()).ok());
  const uint64_t before = rig.store().writes();
  EXPECT_TRUE(rig.shard().EvaluateUpTo(rig.now()).ok());
  EXPECT_EQ(rig.KeysOnDisk(Family::kAlerts).size(), 1u);
  EXPECT_TRUE(rig.shard().EvaluateUpTo(rig.now()).ok());
  EXPECT_EQ(rig.store().writes(), before + 1) << "once it is written there is nothing more to do";
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

}  // namespace
}  // namespace tocsin::engine
