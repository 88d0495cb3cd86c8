#include "app/health.h"

#include <gtest/gtest.h>

namespace tocsin::app {
namespace {

constexpr auto kNow = Timestamp::FromMillis(1'700'000'000'000);

TEST(HealthTest, Table) {
  struct Case {
    const char* name;
    std::string engine_trouble;
    absl::Duration lag;
    std::optional<absl::Duration> owed;
    absl::Duration group_wait;
    const char* trouble;
  };
  const absl::Duration s = absl::Seconds(1), m = absl::Minutes(1);
  const Case cases[] = {
      {"all is well", "", 0 * s, std::nullopt, 0 * s, ""},
      {"evaluation is stuck", "shard 0 has not evaluated for 12 s", 0 * s, std::nullopt, 0 * s,
       "shard 0 has not evaluated for 12 s"},
      {"state cannot be written", "alert state cannot be written", 0 * s, std::nullopt, 0 * s,
       "alert state cannot be written"},
      {"a little late", "", 60 * s, std::nullopt, 0 * s, ""},
      {"late", "", 61 * s, std::nullopt, 0 * s, "evaluation is 61 s late"},
      {"a page on its way", "", 0 * s, 2 * s, 0 * s, ""},
      {"a page that takes long", "", 0 * s, 5 * m, 0 * s, ""},
      {"nobody is told", "", 0 * s, 5 * m + s, 0 * s, "a page is owed for 301 s"},
      {"groups may wait", "", 0 * s, 10 * m, 5 * m, ""},
      {"but not for ever", "", 0 * s, 10 * m + s, 5 * m, "a page is owed for 601 s"},
      {"the clock was set back", "", 0 * s, -5 * m, 0 * s, ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    HealthReading reading;
    reading.engine_trouble = c.engine_trouble;
    reading.evaluation_lag = c.lag;
    if (c.owed) reading.owed_from = kNow - *c.owed;
    reading.group_wait_max = c.group_wait;
    EXPECT_EQ(TroubleIn(reading, kNow), c.trouble);
  }
}

TEST(HealthTest, LongestGroupWaitIsThatOfRoutesThatGroup) {
  delivery::Route root;
  root.receiver = "r";
  root.group_interval = absl::Hours(4);
  EXPECT_EQ(LongestGroupWait(root), absl::ZeroDuration()) << "nothing is grouped";
  delivery::Route child;
  child.group_by = {"..."};
  root.routes = {child, child};
  EXPECT_EQ(LongestGroupWait(root), absl::ZeroDuration()) << "each has its own page";
  root.routes[1].routes = {delivery::Route()};
  root.routes[1].routes[0].group_by = {"cluster"};
  EXPECT_EQ(LongestGroupWait(root), absl::Hours(4)) << "inherited";
  root.routes[1].group_interval = absl::Minutes(2);
  EXPECT_EQ(LongestGroupWait(root), absl::Minutes(2));
  root.routes[1].routes[0].group_wait = absl::Minutes(3);
  EXPECT_EQ(LongestGroupWait(root), absl::Minutes(3));
}

}  // namespace
}  // namespace tocsin::app
