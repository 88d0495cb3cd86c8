// Native histograms on their way through a shard: from the log into windows, rules and back.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/histogram/sum.h"
#include "tests/engine/shard_rig.h"
#include "tests/histogram/literal.h"

namespace tocsin::engine {
namespace {

using absl::Seconds;

const Labels kLatency{{"__name__", "latency"}, {"host", "a"}};
const Labels kRecorded{{"__name__", "latency:sum"}};

HistogramPtr Literal(const std::string& text) {
  return std::make_shared<NativeHistogram>(H(text));
}

std::string Group(const std::string& rules) {
  return absl::StrCat("groups:\n- name: g\n  interval: 10s\n  rules:\n", rules);
}

class ShardHistogramTest : public ::testing::Test {
 protected:
  void Install(const std::string& yaml) {
    const absl::Status installed = rig_.Install(yaml);
    ASSERT_TRUE(installed.ok()) << installed;
  }
  ShardRig rig_;
};

constexpr char kTwoBuckets[] = "{{schema:0 count:3 sum:5 buckets:[1 2]}}";

TEST_F(ShardHistogramTest, ResultsThatAreHistogramsAreRecordedAndEndWithAMarker) {
  Install(Group("  - {record: 'latency:sum', expr: sum(latency)}\n"));
  rig_.Send(kLatency, Literal(kTwoBuckets));
  rig_.Send({{"__name__", "latency"}, {"host", "b"}}, Literal(kTwoBuckets));
  ASSERT_TRUE(rig_.RunTo(Seconds(10)).ok());
  rig_.Send(kLatency, StaleMarker());
  rig_.Send({{"__name__", "latency"}, {"host", "b"}}, StaleMarker());
  ASSERT_TRUE(rig_.RunTo(Seconds(20)).ok());
  EXPECT_EQ(rig_.Error(), "");
  const std::vector<std::string> recorded = rig_.Recorded(kRecorded);
  ASSERT_EQ(recorded.size(), 2u);
  EXPECT_EQ(recorded[0].substr(0, recorded[0].find('@')), "{count:6, sum:10, (0.5,1]:2, (1,2]:4}");
  EXPECT_EQ(recorded[1].substr(0, 6), "stale@");
}

TEST_F(ShardHistogramTest, RuleBehindARecordingReadsTheHistogramAtOnce) {
  Install(
      Group("  - {record: 'latency:sum', expr: sum(latency)}\n"
            "  - {record: 'latency:count', expr: 'histogram_count(latency:sum)'}\n"));
  rig_.Send(kLatency, Literal(kTwoBuckets));
  ASSERT_TRUE(rig_.RunTo(Seconds(10)).ok());
  ASSERT_FALSE(rig_.Recorded({{"__name__", "latency:count"}}).empty());
  EXPECT_EQ(rig_.Recorded({{"__name__", "latency:count"}})[0].substr(0, 2), "3@");
}

TEST_F(ShardHistogramTest, FloatsAndHistogramsOfOneRuleAreRecordedSideBySide) {
  Install(Group("  - {record: 'latency:sum', expr: latency or load}\n"));
  rig_.Send(kLatency, Literal(kTwoBuckets));
  rig_.Send({{"__name__", "load"}, {"host", "b"}}, 7);
  ASSERT_TRUE(rig_.RunTo(Seconds(10)).ok());
  const auto a = rig_.Recorded({{"__name__", "latency:sum"}, {"host", "a"}});
  const auto b = rig_.Recorded({{"__name__", "latency:sum"}, {"host", "b"}});
  ASSERT_EQ(a.size(), 1u);
  ASSERT_EQ(b.size(), 1u);
  EXPECT_EQ(a[0].front(), '{') << a[0];
  EXPECT_EQ(b[0].substr(0, 2), "7@") << b[0];
}

TEST_F(ShardHistogramTest, HistogramThatNoStorageTakesIsAnErrorOfItsRule) {
  Install(Group("  - {record: 'latency:sum', expr: -latency}\n"));
  rig_.Send(kLatency, Literal(kTwoBuckets));
  ASSERT_TRUE(rig_.RunTo(Seconds(10)).ok());
  EXPECT_EQ(rig_.Error(), "native histogram: a count is negative or not a number");
  EXPECT_TRUE(rig_.Recorded({{"__name__", "latency:sum"}, {"host", "a"}}).empty());
}

TEST_F(ShardHistogramTest, TwoRulesThatRecordDifferentHistogramsOfOneSeriesCollide) {
  Install(
      Group("  - {record: 'latency:sum', expr: latency}\n"
            "  - {record: 'latency:sum', expr: latency * 2}\n"));
  rig_.Send(kLatency, Literal(kTwoBuckets));
  ASSERT_TRUE(rig_.RunTo(Seconds(10)).ok());
  EXPECT_EQ(rig_.shard().groups()[0].rules[0]->health.error, "");
  EXPECT_EQ(rig_.shard().groups()[0].rules[1]->health.error, "duplicate sample for timestamp");
}

TEST_F(ShardHistogramTest, RecordingTheSameHistogramTwiceIsNoError) {
  Install(
      Group("  - {record: 'latency:sum', expr: latency}\n"
            "  - {record: 'latency:sum', expr: latency * 1}\n"));
  rig_.Send(kLatency, Literal(kTwoBuckets));
  ASSERT_TRUE(rig_.RunTo(Seconds(10)).ok());
  EXPECT_EQ(rig_.shard().groups()[0].rules[1]->health.error, "");
}

TEST_F(ShardHistogramTest, AlertOverAHistogramHasTheValueZero) {
  Install(Group("  - {alert: Seen, expr: latency, annotations: {value: '{{ $value }}'}}\n"));
  rig_.Send(kLatency, Literal(kTwoBuckets));
  ASSERT_TRUE(rig_.RunTo(Seconds(10)).ok());
  EXPECT_EQ(rig_.Error(), "");
  size_t alerts = 0;
  rig_.shard().groups()[0].rules[0]->alerts->ForEach([&](const AlertInstance& alert) {
    ++alerts;
    EXPECT_EQ(alert.state.phase, rules::AlertPhase::kFiring);
    EXPECT_EQ(alert.state.value, 0);
    EXPECT_EQ(alert.annotations.at("value"), "0");
  });
  EXPECT_EQ(alerts, 1u);
}

TEST_F(ShardHistogramTest, MonitorOverAQuantileFiresAndGoesOnAfterARestart) {
  Install(
      "monitors:\n- name: slow\n  query: histogram_quantile(0.9, sum(rate(latency[1m])))\n"
      "  threshold: {critical: '> 10'}\n");
  const Labels slow{{"alertname", "slow"}};
  const auto send = [&](int round, const char* step) {
    ASSERT_TRUE(rig_.RunTo(Seconds(10 * round)).ok());
    NativeHistogram h = H(step);
    Multiply(h, round + 1);
    rig_.Send(kLatency, std::make_shared<NativeHistogram>(h));
  };
  constexpr char kSlow[] = "{{schema:0 count:63 sum:900 buckets:[1 2 0 0 0 60]}}";
  constexpr char kFast[] = "{{schema:0 count:3 sum:5 buckets:[1 2]}}";
  for (int round = 0; round < 3; ++round) send(round, kFast);
  ASSERT_TRUE(rig_.RunTo(Seconds(25)).ok());
  EXPECT_EQ(rig_.Error(), "");
  EXPECT_EQ(rig_.StateOf(slow), "ok");
  for (int round = 3; round < 6; ++round) {
    send(round, kSlow);
  }
  ASSERT_TRUE(rig_.RunTo(Seconds(55)).ok());
  EXPECT_EQ(rig_.StateOf(slow), "firing");
  rig_.Reboot();
  ASSERT_TRUE(rig_.RunTo(Seconds(58)).ok());
  EXPECT_EQ(rig_.StateOf(slow), "firing");
}

}  // namespace
}  // namespace tocsin::engine
