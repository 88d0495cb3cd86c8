#include "engine/monitor_triggers.h"

#include <gtest/gtest.h>

#include <string>

namespace tocsin::engine {
namespace {

using Monitors = std::vector<uint32_t>;

class MonitorTriggersTest : public ::testing::Test {
 protected:
  void Watch(uint32_t monitor, const std::string& query) {
    const promql::ParseResult parsed = promql::ParseExpr(query);
    ASSERT_FALSE(parsed.error) << query;
    triggers_.Watch(monitor, QueryEngine::Needs(*parsed.expr, QueryOptions()));
  }
  SeriesTable::Slot Add(const std::string& metric, const std::string& host = "a") {
    const SeriesTable::Slot slot = slots_++;
    triggers_.SeriesAdded(slot, Labels{{"__name__", metric}, {"host", host}});
    return slot;
  }

  MonitorTriggers triggers_;
  SeriesTable::Slot slots_ = 0;
};

TEST_F(MonitorTriggersTest, SampleTouchesTheMonitorsOfItsMetricAlone) {
  Watch(0, "cpu");
  Watch(1, "disk");
  const auto cpu = Add("cpu");
  const auto disk = Add("disk");
  triggers_.Touch(cpu);
  EXPECT_EQ(triggers_.TakeTouched(), Monitors({0}));
  triggers_.Touch(disk);
  EXPECT_EQ(triggers_.TakeTouched(), Monitors({1}));
}

TEST_F(MonitorTriggersTest, EachTouchedMonitorComesOnce) {
  Watch(7, "used / size + used");
  Watch(3, "used");
  const auto used = Add("used");
  const auto other_used = Add("used", "b");
  const auto size = Add("size");
  triggers_.Touch(used);
  triggers_.Touch(other_used);
  triggers_.Touch(size);
  triggers_.Touch(used);
  EXPECT_EQ(triggers_.TakeTouched(), Monitors({3, 7}));
}

TEST_F(MonitorTriggersTest, TakingForgetsWhatWasTouched) {
  Watch(0, "cpu");
  EXPECT_TRUE(triggers_.TakeTouched().empty());
  const auto cpu = Add("cpu");
  EXPECT_TRUE(triggers_.TakeTouched().empty()) << "a new series alone is no sample";
  triggers_.Touch(cpu);
  EXPECT_EQ(triggers_.TakeTouched(), Monitors({0}));
  EXPECT_TRUE(triggers_.TakeTouched().empty());
}

// A regex on the name, or no name at all: one evaluation too few would be wrong.
TEST_F(MonitorTriggersTest, SelectorsWithoutAFixedMetricAreTouchedByEverySample) {
  Watch(0, "{__name__=~\"cpu|disk\"}");
  Watch(1, "{host=\"a\"}");
  Watch(2, "cpu");
  const auto other = Add("other");
  const auto cpu = Add("cpu");
  triggers_.Touch(other);
  EXPECT_EQ(triggers_.TakeTouched(), Monitors({0, 1}));
  triggers_.Touch(cpu);
  EXPECT_EQ(triggers_.TakeTouched(), Monitors({0, 1, 2}));
}

TEST_F(MonitorTriggersTest, LabelsAndFunctionsDoNotNarrowTheMetric) {
  Watch(0, "sum(rate(cpu{host=\"z\"}[1m] offset 1h))");
  triggers_.Touch(Add("cpu", "a"));
  EXPECT_EQ(triggers_.TakeTouched(), Monitors({0}));
}

TEST_F(MonitorTriggersTest, SeriesKnownBeforeTheMonitorTouchIt) {
  const auto cpu = Add("cpu");
  const auto disk = Add("disk");
  Watch(0, "disk");
  triggers_.Touch(cpu);
  EXPECT_TRUE(triggers_.TakeTouched().empty());
  triggers_.Touch(disk);
  EXPECT_EQ(triggers_.TakeTouched(), Monitors({0}));
}

TEST_F(MonitorTriggersTest, SlotGoesFromOneMetricToAnother) {
  Watch(0, "cpu");
  Watch(1, "disk");
  Watch(2, "{__name__=~\".+\"}");
  const auto slot = Add("cpu");
  triggers_.SeriesRemoved({slot});
  triggers_.SeriesAdded(slot, Labels{{"__name__", "disk"}});
  triggers_.Touch(slot);
  EXPECT_EQ(triggers_.TakeTouched(), Monitors({1, 2}));
  // Metrics that no monitor names come and go.
  for (int i = 0; i < 5; ++i) {
    triggers_.SeriesRemoved({slot});
    triggers_.SeriesAdded(slot, Labels{{"__name__", "m" + std::to_string(i)}});
    triggers_.Touch(slot);
    EXPECT_EQ(triggers_.TakeTouched(), Monitors({2}));
  }
  triggers_.Touch(Add("cpu"));
  EXPECT_EQ(triggers_.TakeTouched(), Monitors({0, 2}));
}

TEST_F(MonitorTriggersTest, MonitorWithoutSelectorsIsNeverTouched) {
  Watch(0, "vector(time())");
  triggers_.Touch(Add("cpu"));
  EXPECT_TRUE(triggers_.TakeTouched().empty());
}

}  // namespace
}  // namespace tocsin::engine
