// What cannot be done at once comes again, neither lost nor in a busy loop; and what is refused
// leaves the rest alone.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "storage/keys.h"
#include "tests/engine/shard_rig.h"

namespace tocsin::engine {
namespace {

using absl::Seconds;

// While an alert is held its deadline may lie in the past (rules/alert_step.h says so): that is no
// reason to evaluate every millisecond until the hold ends. ShardOptions::time_step is 1 s.
TEST(ShardRetryTest, HeldDeadlineDoesNotSpin) {
  ShardRig rig;
  ASSERT_TRUE(rig.Install("monitors:\n- {name: m, query: beat, threshold: {critical: '> 5'}, "
                          "no_data: {after: 30s, as: critical}}\n")
                  .ok());
  rig.Send(Labels{{"__name__", "beat"}}, 1);
  ASSERT_TRUE(rig.RunTo(Seconds(10)).ok());
  rig.Reboot(Seconds(100));  // held until 225 s, the no-data deadline is at 130 s
  ASSERT_TRUE(rig.RunTo(Seconds(220)).ok());
  EXPECT_LT(rig.metrics().evaluations.Value(), 200);
}

// The same with a deadline that a full outbox keeps from being acted on; each round also logs an
// error.
TEST(ShardRetryTest, DeferredPageOfATimeCauseDoesNotSpin) {
  Limits limits;
  limits.outbox_entries_max = 1;
  ShardRig rig(limits);
  ASSERT_TRUE(rig.Install("monitors:\n- {name: m, query: beat, threshold: {critical: '> 5'}, "
                          "no_data: {after: 30s, as: critical}}\n")
                  .ok());
  rig.Send(Labels{{"__name__", "beat"}, {"x", "1"}}, 9);
  rig.Send(Labels{{"__name__", "beat"}, {"x", "2"}}, 1);
  ASSERT_TRUE(rig.RunTo(Seconds(40)).ok());
  EXPECT_LT(rig.metrics().pages_deferred.Value(), 20);
}

// The same with a query that fails while an alert waits for its `for`.
TEST(ShardRetryTest, FailingQueryDoesNotSpin) {
  ShardRig rig;
  ASSERT_TRUE(rig.Install("monitors:\n- {name: m, query: 'a / on (x) b', "
                          "threshold: {critical: '> 5'}, for: 10s}\n")
                  .ok());
  rig.Send(Labels{{"__name__", "a"}, {"x", "1"}}, 6);
  rig.Send(Labels{{"__name__", "b"}, {"x", "1"}}, 1);
  ASSERT_TRUE(rig.RunTo(Seconds(5)).ok());
  rig.Send(Labels{{"__name__", "b"}, {"x", "1"}, {"y", "2"}}, 1);
  ASSERT_TRUE(rig.RunTo(Seconds(60)).ok());
  EXPECT_NE(rig.Error(), "");
  EXPECT_LT(rig.metrics().evaluations.Value(), 100);
}

// The header of Outbox: "it retries at its next evaluation". A monitor without further samples has
// none before the sample turns stale.
TEST(ShardRetryTest, DeferredPageComesAgainWithoutANewSample) {
  Limits limits;
  limits.outbox_entries_max = 1;
  ShardRig rig(limits);
  ASSERT_TRUE(
      rig.Install("monitors:\n- {name: m, query: fill, threshold: {critical: '> 5'}}\n").ok());
  const Labels a{{"__name__", "fill"}, {"x", "a"}};
  const Labels b{{"__name__", "fill"}, {"x", "b"}};
  rig.Send(a, 6);
  ASSERT_TRUE(rig.RunTo(Seconds(1)).ok());
  rig.Send(b, 6);
  ASSERT_TRUE(rig.RunTo(Seconds(2)).ok());
  rig.Send(a, 0);
  ASSERT_TRUE(rig.RunTo(Seconds(3)).ok());
  const std::string alias = rig.outbox().Aliases()[0];
  ASSERT_TRUE(*rig.outbox().Remove(alias, rig.outbox().Find(alias)->desired.sequence()));
  ASSERT_TRUE(rig.RunTo(Seconds(60)).ok());
  EXPECT_EQ(rig.PageOf("x", "b"), "open");
}

// Series the sink refuses must not make those of other alerts end.
TEST(ShardRetryTest, RefusedAlertsSeriesLeaveTheOthersAlone) {
  Limits limits;
  limits.series_max = 32;
  ShardRig rig(limits);
  ASSERT_TRUE(rig.Install("groups:\n- name: g\n  interval: 10s\n  rules:\n"
                          "  - {alert: A, expr: load > 5}\n")
                  .ok());
  const auto load = [](int i) { return Labels{{"__name__", "load"}, {"x", absl::StrCat(i)}}; };
  for (int i = 0; i < 8; ++i) rig.Send(load(i), 6);
  ASSERT_TRUE(rig.RunTo(Seconds(20)).ok());
  for (int i = 8; i < 16; ++i) rig.Send(load(i), 6);  // 8 + 16 + 8 = 32: full
  ASSERT_TRUE(rig.RunTo(Seconds(40)).ok());
  EXPECT_NE(rig.Error().find("series_max"), std::string::npos) << rig.Error();
  for (int i = 0; i < 8; ++i) {
    const auto samples = rig.Recorded(Labels{{"__name__", "ALERTS"},
                                             {"alertname", "A"},
                                             {"alertstate", "firing"},
                                             {"x", absl::StrCat(i)}});
    EXPECT_EQ(samples.back()[0], '1') << samples.back();
  }
}

class ShardPageTest : public ::testing::Test {
 protected:
  // Firing.
  ShardPageTest() {
    EXPECT_TRUE(
        rig_.Install("monitors:\n- {name: m, query: busy, threshold: {critical: '> 5'}}\n").ok());
    rig_.Send(kBusy, 9);
    EXPECT_TRUE(rig_.RunTo(Seconds(2)).ok());
    EXPECT_EQ(rig_.PageOf("x", "1"), "open");
  }
  const Labels kBusy{{"__name__", "busy"}, {"x", "1"}};
  ShardRig rig_;
};

// If the process died now, the alert would fire on disk with a page that is closed.
TEST_F(ShardPageTest, CloseWaitsUntilItsStateIsWritten) {
  rig_.Send(kBusy, 1);
  rig_.store().FailWrite(1, storage::FaultyStore::Fault::kRefused);
  ASSERT_FALSE(rig_.shard().EvaluateUpTo(rig_.now()).ok());
  EXPECT_EQ(rig_.StateOf(Labels{{"alertname", "m"}, {"x", "1"}}), "ok");
  EXPECT_EQ(rig_.PageOf("x", "1"), "open");
  ASSERT_TRUE(rig_.shard().EvaluateUpTo(rig_.now()).ok());
  EXPECT_EQ(rig_.PageOf("x", "1"), "closed");
}

// Nothing on disk says that it fires, so nothing is lost if the close goes out.
TEST_F(ShardPageTest, PageWhoseOpeningIsNotWrittenClosesAtOnce) {
  const Labels other{{"__name__", "busy"}, {"x", "2"}};
  rig_.Send(other, 9);
  rig_.store().SetDiskFull(true);
  ASSERT_FALSE(rig_.RunTo(Seconds(3)).ok());
  EXPECT_EQ(rig_.PageOf("x", "2"), "open");
  rig_.store().SetDiskFull(false);
  rig_.Send(other, 1);
  rig_.store().SetDiskFull(true);
  ASSERT_FALSE(rig_.RunTo(Seconds(4)).ok());
  EXPECT_EQ(rig_.PageOf("x", "2"), "closed");
}

// The close that waits is overtaken: it must not close the new page afterwards.
TEST_F(ShardPageTest, AlertThatFiresAgainBeforeItsCloseIsWrittenStaysOpen) {
  const std::string alias = rig_.outbox().Aliases()[0];
  const uint64_t episode = rig_.outbox().Find(alias)->desired.episode();
  rig_.store().FailWrite(2, storage::FaultyStore::Fault::kRefused);
  rig_.store().FailWrite(4, storage::FaultyStore::Fault::kRefused);
  rig_.Send(kBusy, 1);
  ASSERT_FALSE(rig_.RunTo(Seconds(2.2)).ok());
  rig_.Send(kBusy, 9);
  ASSERT_FALSE(rig_.RunTo(Seconds(2.4)).ok());
  EXPECT_EQ(rig_.PageOf("x", "1"), "open");
  ASSERT_TRUE(rig_.RunTo(Seconds(10)).ok());
  EXPECT_EQ(rig_.PageOf("x", "1"), "open");
  EXPECT_EQ(rig_.outbox().Find(alias)->desired.episode(), episode) << "the page goes on";
}

TEST_F(ShardPageTest, FiringAlertWhoseOutboxEntryIsDamagedPagesAgain) {
  storage::WriteBatch damage;
  damage.Put(storage::Family::kOutbox, storage::DesiredKey(rig_.outbox().Aliases()[0]), "");
  ASSERT_TRUE(rig_.disk().Write(damage, storage::Durability::kSynced).ok());
  rig_.Reboot(Seconds(1));
  EXPECT_EQ(rig_.PageOf("x", "1"), "none");
  rig_.Send(kBusy, 9);
  ASSERT_TRUE(rig_.RunTo(Seconds(5)).ok());
  EXPECT_EQ(rig_.PageOf("x", "1"), "open");
}

}  // namespace
}  // namespace tocsin::engine
