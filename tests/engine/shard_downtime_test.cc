// Shard::Resume: the time between the last evaluation and the start counts for nothing.
#include <gtest/gtest.h>

#include "tests/engine/shard_rig.h"

namespace tocsin::engine {
namespace {

using absl::Minutes;
using absl::Seconds;

constexpr absl::Duration kInterval = Seconds(15);  // ShardOptions::default_interval

const Labels kBeat{{"__name__", "beat"}, {"x", "1"}};
const Labels kHigh{{"alertname", "High"}, {"x", "1"}};
const Labels kSilent{{"alertname", "silent"}, {"x", "1"}};
const Labels kSlow{{"alertname", "slow"}, {"x", "1"}};

constexpr char kRules[] = R"(
groups:
- name: g
  interval: 1s
  rules:
  - {alert: High, expr: beat > 5}
monitors:
- {name: silent, query: beat, threshold: {critical: "> 50"}, no_data: {after: 2m, as: critical}}
- {name: slow, query: beat, threshold: {critical: "> 5"}, for: 1m}
)";

class ShardDowntimeTest : public ::testing::Test {
 protected:
  ShardDowntimeTest() {
    EXPECT_TRUE(rig_.Install(kRules).ok());
    rig_.Send(kBeat, 6);
    RunTo(Seconds(10));
    EXPECT_EQ(rig_.StateOf(kHigh), "firing");
    EXPECT_EQ(rig_.StateOf(kSlow), "pending");
  }
  void RunTo(absl::Duration since_start) { ASSERT_TRUE(rig_.RunTo(since_start).ok()); }
  // In whole seconds: the clock record, from which gaps count, is up to one second old.
  absl::Duration HeldUntil() {
    const int64_t ms = rig_.ClockOnDisk().hold_until_ms();
    return absl::Floor(Timestamp::FromMillis(ms) - ShardRig::kStart, Seconds(1));
  }
  // The row goes: what High would resolve on, were it not held.
  void End() { rig_.Send(kBeat, StaleMarker()); }

  ShardRig rig_;
};

TEST_F(ShardDowntimeTest, GapMovesWhatWaitsByItsLength) {
  rig_.Reboot(Seconds(100));  // back at 110 s; `for` would be over
  RunTo(Seconds(158));
  EXPECT_EQ(rig_.StateOf(kSlow), "pending");
  RunTo(Seconds(161));
  EXPECT_EQ(rig_.StateOf(kSlow), "firing");
}

TEST_F(ShardDowntimeTest, HoldLastsAsLongAsTheGapAndAnInterval) {
  rig_.Reboot(Seconds(100));
  End();
  RunTo(Seconds(111));
  EXPECT_EQ(HeldUntil(), Seconds(110) + Seconds(100) + kInterval);
  RunTo(Seconds(224));
  EXPECT_EQ(rig_.StateOf(kHigh), "firing") << "absence proves nothing yet";
  RunTo(Seconds(227));
  EXPECT_EQ(rig_.StateOf(kHigh), "ok");
}

TEST_F(ShardDowntimeTest, HoldIsFiveMinutesAtMost) {
  rig_.Reboot(absl::Hours(9));
  RunTo(Seconds(10) + absl::Hours(9) + Seconds(1));
  EXPECT_EQ(HeldUntil(), Seconds(10) + absl::Hours(9) + Minutes(5) + kInterval);
}

TEST_F(ShardDowntimeTest, QuickRestartHoldsNothing) {
  rig_.Reboot(Seconds(3));
  End();
  RunTo(Seconds(15));
  EXPECT_EQ(rig_.StateOf(kHigh), "ok");
}

// Neither a restart without a gap nor a short one may end a hold that is under way.
TEST_F(ShardDowntimeTest, RestartsDuringTheHoldGoOnHolding) {
  rig_.Reboot(Seconds(100));
  End();
  RunTo(Seconds(150));
  for (int i = 0; i < 3; ++i) rig_.Reboot();
  RunTo(Seconds(151));
  EXPECT_EQ(HeldUntil(), Seconds(225));
  RunTo(Seconds(160));
  rig_.Reboot(Seconds(20));
  RunTo(Seconds(243));
  EXPECT_EQ(rig_.StateOf(kHigh), "firing") << "held 20 s longer";
  RunTo(Seconds(248));
  EXPECT_EQ(rig_.StateOf(kHigh), "ok");
}

// Dying again before anything was written leaves the record as it was: the gaps add up.
TEST_F(ShardDowntimeTest, StartThatDiesAtOnceIsPartOfTheGap) {
  rig_.Reboot(Seconds(60));
  rig_.Reboot(Seconds(40));
  End();
  RunTo(Seconds(111));
  EXPECT_EQ(HeldUntil(), Seconds(225));
  RunTo(Seconds(158));
  EXPECT_EQ(rig_.StateOf(kSlow), "pending");
}

// last_seen is not written with every sample; restarts must find it again in the windows instead
// of starting the clock anew.
TEST_F(ShardDowntimeTest, NoDataCountsFromTheNewestSampleOverRestarts) {
  rig_.Send(kBeat, 6, /*age=*/Seconds(2));  // newest sample: 8 s
  for (int i = 11; i <= 120; i += 7) {
    RunTo(Seconds(i));
    rig_.Reboot();
  }
  RunTo(Seconds(128) - absl::Milliseconds(1));
  EXPECT_EQ(rig_.StateOf(kSilent), "ok");
  RunTo(Seconds(128));
  EXPECT_EQ(rig_.StateOf(kSilent), "no_data");
}

TEST_F(ShardDowntimeTest, SilenceOfTheServiceIsNotSilenceOfTheSeries) {
  RunTo(Seconds(60));
  rig_.Reboot(Seconds(90));  // 150 s; the sample of 0 s is 60 s old, not counting the gap
  RunTo(Seconds(208));
  EXPECT_EQ(rig_.StateOf(kSilent), "ok");
  // The hold ends at 150 + 90 + 15 s; by then the two minutes are over.
  RunTo(Seconds(254));
  EXPECT_EQ(rig_.StateOf(kSilent), "ok");
  RunTo(Seconds(257));
  EXPECT_EQ(rig_.StateOf(kSilent), "no_data");
}

TEST_F(ShardDowntimeTest, ClocksThatMovedAreWrittenBeforeTheNextGap) {
  rig_.Reboot(Seconds(100));
  RunTo(Seconds(115));
  rig_.store().Crash();
  rig_.Reboot(Seconds(100));  // 215 s; 15 s of the minute have passed
  RunTo(Seconds(257));
  EXPECT_EQ(rig_.StateOf(kSlow), "pending");
  RunTo(Seconds(268));
  EXPECT_EQ(rig_.StateOf(kSlow), "firing");
}

}  // namespace
}  // namespace tocsin::engine
