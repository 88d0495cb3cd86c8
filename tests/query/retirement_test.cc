// Series of which no evaluation can see a sample any more: when they are given up, and that nobody
// notices.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/sample.h"
#include "tests/query/fixture.h"

namespace tocsin::engine {
namespace {

using absl::Minutes;
using absl::Seconds;

QueryOptions GiveUpFrom(size_t dead) {
  QueryOptions options;
  options.dead_series_min = dead;
  return options;
}

std::string Pod(int number, const std::string& metric = "x") {
  return absl::StrCat(metric, "{pod=\"", number, "\"}");
}

size_t Rows(QueryFixture& fixture, QueryId query, absl::Duration at) {
  const auto result = fixture.engine().Evaluate(query, At(at));
  return result.ok() ? result->labels->size() : SIZE_MAX;
}

TEST(RetirementTest, DeadSeriesGoTogetherOnceTheyAreAQuarter) {
  QueryFixture fixture(GiveUpFrom(10));
  const QueryId query = fixture.Add("x");
  for (int pod = 0; pod < 40; ++pod) fixture.Append(Pod(pod), Minutes(0), 1);
  for (int pod = 9; pod < 40; ++pod) fixture.Append(Pod(pod), Minutes(4), 1);
  EXPECT_TRUE(fixture.engine().Trim(At(Minutes(5))).empty()) << "nine of forty are dead";
  EXPECT_EQ(Rows(fixture, query, Minutes(5)), 40u);
  const uint64_t layout = fixture.engine().Evaluate(query, At(Minutes(5)))->layout;
  for (int pod = 10; pod < 40; ++pod) fixture.Append(Pod(pod), Minutes(5), 1);
  EXPECT_EQ(fixture.engine().Trim(At(Minutes(9))).size(), 10u);
  EXPECT_EQ(Rows(fixture, query, Minutes(9)), 30u);
  EXPECT_NE(fixture.engine().Evaluate(query, At(Minutes(9)))->layout, layout);
  EXPECT_EQ(fixture.table().series(), 30u);
  EXPECT_TRUE(fixture.engine().Trim(At(Minutes(9))).empty());
}

TEST(RetirementTest, FewerThanTheLeastNumberStay) {
  QueryFixture fixture;
  const QueryId query = fixture.Add("x");
  for (int pod = 0; pod < 63; ++pod) fixture.Append(Pod(pod), Minutes(0), 1);
  EXPECT_TRUE(fixture.engine().Trim(At(Minutes(60))).empty());
  fixture.Append(Pod(63), Minutes(0), 1);
  EXPECT_EQ(fixture.engine().Trim(At(Minutes(60))).size(), 64u);
  EXPECT_EQ(Rows(fixture, query, Minutes(60)), 0u);
}

struct SightCase {
  const char* expr;
  absl::Duration seen_until;  // with samples at 0 and 1 m: the first time none of them can be seen
};

// Whatever a selector can still see keeps its series, to the millisecond.
TEST(RetirementTest, SeriesStayAsLongAsTheyCanBeSeen) {
  const SightCase cases[] = {
      {"x", Minutes(6)},
      {"x offset 10m", Minutes(16)},
      {"x offset -30s", Minutes(5) + Seconds(30)},
      {"max_over_time(x[20m])", Minutes(21)},
      {"max_over_time(x[2m] offset 1h)", Minutes(63)},
      {"max_over_time(x[10m:1m])", Minutes(16)},
      {"max_over_time(sum_over_time(x[3m])[10m:1m] offset 2m)", Minutes(16)},
      {"sum(x) + sum(x offset 30m)", Minutes(36)},
      {"x @ 60", absl::InfiniteDuration()},
      {"max_over_time(x[5m:1m] @ 100)", absl::InfiniteDuration()},
      {"x and y", Minutes(6)},
  };
  for (const SightCase& c : cases) {
    QueryFixture fixture(GiveUpFrom(1));
    fixture.Load(Minutes(1), "x 1 2");
    const QueryId query = fixture.Add(c.expr);
    const bool ever = c.seen_until != absl::InfiniteDuration();
    const absl::Duration last = ever ? c.seen_until - absl::Milliseconds(1) : Minutes(100'000);
    EXPECT_TRUE(fixture.engine().Trim(At(last)).empty()) << c.expr;
    EXPECT_EQ(fixture.engine().Trim(At(last + absl::Milliseconds(1))).size(), ever ? 1u : 0u)
        << c.expr;
    EXPECT_EQ(fixture.Eval(query, last + Minutes(1)).empty(), ever) << c.expr;
  }
}

// What came before a marker stays hidden by it: were the marker given up first, a late sample
// before it would show.
TEST(RetirementTest, StaleMarkerIsKeptAsLongAsItHides) {
  QueryFixture fixture(GiveUpFrom(1));
  const QueryId query = fixture.Add("x");
  fixture.Append("x", Minutes(1), 1);
  fixture.Append("x", Minutes(2), StaleMarker());
  EXPECT_TRUE(fixture.engine().Trim(At(Minutes(6))).empty());
  EXPECT_EQ(fixture.Append("x", Seconds(90), 5), AppendResult::kInserted);
  EXPECT_EQ(fixture.Eval(query, Minutes(6)), "");
  EXPECT_EQ(fixture.engine().Trim(At(Minutes(7))).size(), 1u);
  fixture.Append("x", Seconds(100), 5);
  EXPECT_EQ(fixture.Eval(query, Minutes(7)), "");
}

TEST(RetirementTest, LateSampleOfASeriesThatWasGivenUpIsSeen) {
  QueryFixture fixture(GiveUpFrom(1));
  const QueryId sum = fixture.Add("sum(x)"), range = fixture.Add("count_over_time(x[5m])");
  fixture.Append("x", Minutes(1), 1);
  ASSERT_EQ(fixture.engine().Trim(At(Minutes(10))).size(), 1u);
  EXPECT_EQ(fixture.Eval(sum, Minutes(10)), "");
  fixture.Append("x", Minutes(8), 7);  // two minutes late
  EXPECT_EQ(fixture.Eval(sum, Minutes(10)), "{} 7");
  EXPECT_EQ(fixture.Eval(range, Minutes(10)), "{} 1");
  fixture.Append("x", Minutes(7), 6);
  EXPECT_EQ(fixture.Eval(range, Minutes(10)), "{} 2");
}

TEST(RetirementTest, SlotThatChangedItsSeriesIsInTheRightSets) {
  QueryFixture fixture(GiveUpFrom(1));
  const QueryId x = fixture.Add("x"), y = fixture.Add("y"), any = fixture.Add("{pod=~\".+\"}");
  fixture.Append(Pod(1), Minutes(0), 1);
  fixture.Append(Pod(2, "y"), Minutes(0), 2);
  fixture.Append(Pod(3), Minutes(20), 3);
  ASSERT_EQ(fixture.engine().Trim(At(Minutes(20))).size(), 2u);
  fixture.Append(Pod(4, "y"), Minutes(20), 4);
  fixture.Append(Pod(5, "z"), Minutes(20), 5);
  EXPECT_EQ(fixture.table().size(), 3u) << "both slots are used again";
  EXPECT_EQ(fixture.Eval(x, Minutes(20)), "x{pod=\"3\"} 3");
  EXPECT_EQ(fixture.Eval(y, Minutes(20)), "y{pod=\"4\"} 4");
  EXPECT_EQ(fixture.Eval(any, Minutes(20)), "x{pod=\"3\"} 3; y{pod=\"4\"} 4; z{pod=\"5\"} 5");
  // A selector that is new, with and without a metric's name.
  EXPECT_EQ(fixture.Eval("y{pod!=\"2\"}", Minutes(20)), "y{pod=\"4\"} 4");
  EXPECT_EQ(fixture.Eval("{pod=~\"5|1\"}", Minutes(20)), "z{pod=\"5\"} 5");
}

// Trimming comes between an evaluation and a question about it.
TEST(RetirementTest, QuestionsAfterTrimmingAreAnsweredForTheRowsThatAreLeft) {
  QueryFixture fixture(GiveUpFrom(1));
  const QueryId query = fixture.Add("max_over_time(x[1m]) or abs(x)");
  for (int pod = 0; pod < 3; ++pod) fixture.Append(Pod(pod), Minutes(pod), 1);
  fixture.Eval(query, Minutes(6));
  EXPECT_EQ(fixture.engine().Trim(At(Minutes(6))).size(), 2u);
  EXPECT_EQ(fixture.engine().NextChange(query, At(Minutes(6))), At(Minutes(7)));
  EXPECT_EQ(fixture.engine().NewestInputs(query), (std::vector<int64_t>{At(Minutes(2)).millis()}));
}

// Ten thousand series one after the other, of which two hundred live at any time.
TEST(RetirementTest, MemoryIsBoundedByWhatLives) {
  QueryFixture fixture;
  const QueryId queries[] = {
      fixture.Add("sum by (pod) (rate(x[5m]))"),
      fixture.Add("x / on (pod) y"),
      fixture.Add("x and on (pod) y"),
      fixture.Add("topk(5, x or y)"),
      fixture.Add("count_values(\"v\", x)"),
      fixture.Add("label_replace(x, \"to\", \"$1\", \"pod\", \"(.*)\") * 2"),
      fixture.Add("max_over_time((x > 0)[3m:1m])"),
  };
  constexpr int kPerMinute = 40, kLifeMinutes = 5, kLivingPods = kPerMinute * kLifeMinutes;
  size_t rows_max = 0, given_up = 0;
  for (int minute = 0; minute < 250; ++minute) {
    const int newest = minute * kPerMinute;
    for (int pod = std::max(0, newest - kLivingPods); pod < newest; ++pod) {
      fixture.Append(Pod(pod), Minutes(minute), pod + minute);
      fixture.Append(Pod(pod, "y"), Minutes(minute), 1);
    }
    given_up += fixture.engine().Trim(At(Minutes(minute))).size();
    for (QueryId query : queries) {
      rows_max = std::max(rows_max, Rows(fixture, query, Minutes(minute)));
    }
  }
  EXPECT_GT(given_up, 18'000u);
  // Those that ended can be seen for eight minutes more, and then are at most a third of the rest.
  constexpr size_t kVisiblePods = kLivingPods + 9 * kPerMinute;
  EXPECT_LE(fixture.table().size(), 2u * kVisiblePods * 4 / 3 + 64);
  EXPECT_LE(rows_max, 2u * kVisiblePods * 4 / 3 + 64);
}

}  // namespace
}  // namespace tocsin::engine
