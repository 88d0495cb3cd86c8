// What rules write: recorded series, ALERTS and ALERTS_FOR_STATE, and how late samples are settled.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tests/engine/shard_rig.h"

namespace tocsin::engine {
namespace {

using absl::Seconds;

const Labels kLoad{{"__name__", "load"}, {"x", "1"}};

std::string Group(const std::string& rule, const std::string& options = "") {
  return absl::StrCat("groups:\n- name: g\n  interval: 10s\n", options, "  rules:\n  - ", rule,
                      "\n");
}

class ShardSeriesTest : public ::testing::Test {
 protected:
  // The next slots of the only group, as seconds since the start.
  void Install(const std::string& yaml) {
    ASSERT_TRUE(rig_.Install(yaml).ok());
    slot_ = absl::ToDoubleSeconds(rig_.shard().groups()[0].schedule.next() - ShardRig::kStart);
  }
  void RunToSlot(int number) { ASSERT_TRUE(rig_.RunTo(Seconds(slot_ + 10 * number)).ok()); }
  std::string At(const std::string& value, int number, double offset = 0) const {
    return absl::StrCat(value, "@", slot_ + 10 * number - offset);
  }

  ShardRig rig_;
  double slot_ = 0;
};

using Samples = std::vector<std::string>;

TEST_F(ShardSeriesTest, RecordedSeriesAreCommittedAtTheirSlotAndEndWithAStaleMarker) {
  Install(Group("{record: 'load:high', expr: load > 5, labels: {by: rule, x: ''}}"));
  const Labels recorded{{"__name__", "load:high"}, {"by", "rule"}};
  rig_.Send(kLoad, 6);
  RunToSlot(0);
  rig_.Send(kLoad, 7);
  RunToSlot(1);
  rig_.Send(kLoad, 1);
  RunToSlot(3);
  EXPECT_EQ(rig_.Recorded(recorded), Samples({At("6", 0), At("7", 1), At("stale", 2)}))
      << "one marker, and then nothing";
  rig_.Send(kLoad, 8);
  RunToSlot(4);
  EXPECT_EQ(rig_.Recorded(recorded).back(), At("8", 4));
}

TEST_F(ShardSeriesTest, QueryOffsetMovesTheQueryAndWhatIsRecorded) {
  Install(Group("{record: 'load:copy', expr: load}", "  query_offset: 30s\n"));
  rig_.Send(kLoad, 6);
  RunToSlot(2);
  EXPECT_TRUE(rig_.Recorded(Labels{{"__name__", "load:copy"}, {"x", "1"}}).empty());
  RunToSlot(3);
  EXPECT_EQ(rig_.Recorded(Labels{{"__name__", "load:copy"}, {"x", "1"}}),
            Samples({At("6", 3, 30)}));
}

// What the offset makes the query look back at is kept, also over a restart.
TEST_F(ShardSeriesTest, QueryOffsetKeepsSamplesLonger) {
  Install(
      Group("{record: 'load:count', expr: 'count_over_time(load[20s])'}", "  query_offset: 60s\n"));
  const auto last = [&] {
    const Samples all = rig_.Recorded(Labels{{"__name__", "load:count"}, {"x", "1"}});
    return all.empty() ? "nothing" : all.back();
  };
  for (int number = 0; number < 20; ++number) {
    RunToSlot(number);
    rig_.Send(kLoad, 6);
  }
  RunToSlot(20);
  EXPECT_EQ(last(), At("2", 20, 60));
  rig_.Reboot();
  RunToSlot(21);
  EXPECT_EQ(last(), At("2", 21, 60));
}

TEST_F(ShardSeriesTest, RecordedSeriesAreLookedUpWhenTheirRowsCome) {
  Install(Group("{record: 'load:copy', expr: load}"));
  const auto load = [](int number) {
    return Labels{{"__name__", "load"}, {"x", absl::StrCat(number)}};
  };
  for (int number = 0; number < 10; ++number) rig_.Send(load(number), 1);
  for (int slot = 0; slot < 5; ++slot) RunToSlot(slot);
  EXPECT_EQ(rig_.resolved(), 10u);
  rig_.Send(load(10), 1);
  for (int slot = 5; slot < 10; ++slot) RunToSlot(slot);
  EXPECT_EQ(rig_.resolved(), 11u);
  EXPECT_EQ(rig_.Recorded(Labels{{"__name__", "load:copy"}, {"x", "10"}}).size(), 5u);
}

TEST_F(ShardSeriesTest, DuplicateRecordedSeriesRecordNothing) {
  Install(Group("{record: 'load:high', expr: load > 5, labels: {x: ''}}"));
  const Labels recorded{{"__name__", "load:high"}};
  const Labels other{{"__name__", "load"}, {"x", "2"}};
  rig_.Send(kLoad, 6);
  RunToSlot(0);
  rig_.Send(other, 7);
  RunToSlot(2);
  EXPECT_NE(rig_.Error().find("same labelset"), std::string::npos) << rig_.Error();
  EXPECT_EQ(rig_.Recorded(recorded), Samples({At("6", 0)}));
  rig_.Send(kLoad, 0);
  rig_.Send(other, 0);
  RunToSlot(3);
  EXPECT_EQ(rig_.Error(), "");
  EXPECT_EQ(rig_.Recorded(recorded), Samples({At("6", 0), At("stale", 3)}))
      << "the series of the last good evaluation ends";
}

// As in Prometheus: the first one stays, the rule that comes second is told.
TEST_F(ShardSeriesTest, TwoRulesThatRecordOneSeriesDifferentlyAreAnError) {
  Install(
      Group("{record: 'load:x', expr: load}\n  - {record: 'load:x', expr: load < 5 or load * 2}"));
  const auto second = [&] { return rig_.shard().groups()[0].rules[1]->health.error; };
  rig_.Send(kLoad, 3);
  RunToSlot(0);
  EXPECT_EQ(second(), "") << "the same value is no contradiction";
  rig_.Send(kLoad, 6);
  RunToSlot(1);
  EXPECT_EQ(second(), "duplicate sample for timestamp");
  EXPECT_EQ(rig_.Error(), "") << "the first rule is fine";
  EXPECT_EQ(rig_.Recorded(Labels{{"__name__", "load:x"}, {"x", "1"}}),
            Samples({At("3", 0), At("6", 1)}));
}

// What one rule ends another one may go on with, but not at the same time.
TEST_F(ShardSeriesTest, ASeriesThatARuleEndsIsNotWrittenByTheNext) {
  Install(Group("{record: 'load:x', expr: load < 5}\n  - {record: 'load:x', expr: load >= 5}"));
  rig_.Send(kLoad, 3);
  RunToSlot(0);
  rig_.Send(kLoad, 6);
  RunToSlot(1);
  EXPECT_EQ(rig_.shard().groups()[0].rules[1]->health.error, "duplicate sample for timestamp");
  RunToSlot(2);
  rig_.Send(kLoad, 3);
  RunToSlot(3);
  EXPECT_EQ(rig_.shard().groups()[0].rules[1]->health.error, "");
  EXPECT_EQ(rig_.Recorded(Labels{{"__name__", "load:x"}, {"x", "1"}}),
            Samples({At("3", 0), At("stale", 1), At("6", 2), At("3", 3)}));
}

// One series per state, so that a query for it sees exactly one; ALERTS_FOR_STATE says since when.
TEST_F(ShardSeriesTest, AlertsSeriesFollowTheState) {
  Install(Group("{alert: High, expr: load > 5, for: 15s, labels: {severity: page}}"));
  LabelsBuilder builder(Labels{{"alertname", "High"}, {"severity", "page"}, {"x", "1"}});
  const Labels for_state = builder.Set("__name__", "ALERTS_FOR_STATE").Build();
  builder.Set("__name__", "ALERTS");
  const Labels pending = builder.Set("alertstate", "pending").Build();
  const Labels firing = builder.Set("alertstate", "firing").Build();

  rig_.Send(kLoad, 6);
  RunToSlot(2);
  EXPECT_EQ(rig_.Recorded(pending), Samples({At("1", 0), At("1", 1), At("stale", 2)}));
  EXPECT_EQ(rig_.Recorded(firing), Samples({At("1", 2)}));
  rig_.Send(kLoad, 0);
  RunToSlot(4);
  EXPECT_EQ(rig_.Recorded(firing), Samples({At("1", 2), At("stale", 3)}));
  const Timestamp since = ShardRig::kStart + Seconds(slot_);
  const std::string active_at = absl::StrFormat("%.15g", since.seconds());
  EXPECT_EQ(rig_.Recorded(for_state),
            Samples({At(active_at, 0), At(active_at, 1), At(active_at, 2), At("stale", 3)}));
}

constexpr char kNowAndMinute[] = R"(
monitors:
- {name: now, query: load, threshold: {critical: "> 5"}}
- {name: minute, query: 'max_over_time(load[1m])', threshold: {critical: "> 5"}}
)";

class ShardSamplesTest : public ::testing::Test {
 protected:
  ShardSamplesTest() {
    EXPECT_TRUE(rig_.Install(kNowAndMinute).ok());
    for (int i = 0; i <= 6; ++i) {
      EXPECT_TRUE(rig_.RunTo(Seconds(10 * i)).ok());
      rig_.Send(kLoad, 1);
    }
    EXPECT_TRUE(rig_.RunTo(Seconds(61)).ok());
  }
  std::string States() {
    return rig_.StateOf(Labels{{"alertname", "now"}, {"x", "1"}}) + " " +
           rig_.StateOf(Labels{{"alertname", "minute"}, {"x", "1"}});
  }

  ShardRig rig_;
};

TEST_F(ShardSamplesTest, LateSampleTakesItsPlaceInTheWindow) {
  ASSERT_EQ(States(), "ok ok");
  rig_.Send(kLoad, 9, /*age=*/Seconds(26));
  ASSERT_TRUE(rig_.RunTo(Seconds(62)).ok());
  EXPECT_EQ(States(), "ok firing") << "it is not the newest, but within the last minute";
  EXPECT_EQ(rig_.metrics().late_samples.Value(), 1);
  // It leaves the window by its own date: 35 s + 1 min.
  ASSERT_TRUE(rig_.RunTo(Seconds(94)).ok());
  EXPECT_EQ(States(), "ok firing");
  ASSERT_TRUE(rig_.RunTo(Seconds(97)).ok());
  EXPECT_EQ(States(), "ok ok");
}

TEST_F(ShardSamplesTest, LateSampleStaysInItsPlaceOverARestart) {
  rig_.Send(kLoad, 9, /*age=*/Seconds(26));
  rig_.Reboot();
  ASSERT_TRUE(rig_.RunTo(Seconds(62)).ok());
  EXPECT_EQ(States(), "ok firing");
}

TEST_F(ShardSamplesTest, SecondSampleOfATimeIsIgnored) {
  rig_.Send(kLoad, 9, /*age=*/Seconds(1));
  rig_.Send(kLoad, 9, /*age=*/Seconds(11));
  ASSERT_TRUE(rig_.RunTo(Seconds(62)).ok());
  EXPECT_EQ(States(), "ok ok");
  EXPECT_EQ(rig_.metrics().duplicate_samples.Value(), 2);
}

TEST_F(ShardSamplesTest, SampleOlderThanEveryWindowChangesNothing) {
  ASSERT_TRUE(rig_.RunTo(absl::Minutes(20)).ok());
  rig_.Send(kLoad, 1);
  ASSERT_TRUE(rig_.RunTo(absl::Minutes(21)).ok());
  rig_.Send(kLoad, 9, /*age=*/absl::Minutes(20) + Seconds(55));
  ASSERT_TRUE(rig_.RunTo(absl::Minutes(22)).ok());
  EXPECT_EQ(States(), "ok ok");
  EXPECT_EQ(rig_.metrics().too_old_samples.Value(), 1);
}

}  // namespace
}  // namespace tocsin::engine
