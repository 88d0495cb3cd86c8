// Which samples a selector sees: lookback, ranges, offsets, stale markers, matchers.
#include <gtest/gtest.h>

#include "tests/query/fixture.h"

namespace tocsin::engine {
namespace {

using absl::Milliseconds;
using absl::Minutes;
using absl::Seconds;

constexpr char kData[] = R"(
  x{job="a"} 1 2 3
  x{job="b"} 4 5 stale
  x          7 8 9
  y{job="a", n="l\nm"} 1 1 1
)";

TEST(SelectorTest, Lookback) {
  Check(kData,
        {
            {"at the sample", "x{job=\"a\"}", "x{job=\"a\"} 3", Minutes(2)},
            {"between samples", "x{job=\"a\"}", "x{job=\"a\"} 1", Seconds(59)},
            {"just inside", "x{job=\"a\"}", "x{job=\"a\"} 3", Minutes(7) - Milliseconds(1)},
            {"exactly as old as the lookback", "x{job=\"a\"}", "", Minutes(7)},
            {"before the first", "x", "", -Seconds(1)},
            {"stale", "x{job=\"b\"}", "", Minutes(2)},
            {"before it went stale", "x{job=\"b\"}", "x{job=\"b\"} 5", Seconds(119)},
            {"offset", "x{job=\"b\"} offset 1m", "x{job=\"b\"} 5", Minutes(2)},
            {"negative offset", "x{job=\"a\"} offset -1m", "x{job=\"a\"} 3", Minutes(1)},
            {"fixed time", "x{job=\"a\"} @ 60", "x{job=\"a\"} 2", Minutes(90)},
            {"fixed time and offset", "x{job=\"a\"} @ 120 offset 1m", "x{job=\"a\"} 2", Minutes(0)},
        });
}

TEST(SelectorTest, Ranges) {
  Check(kData,
        {
            {"left end is out", "count_over_time(x{job=\"a\"}[1m])", "{job=\"a\"} 1", Minutes(2)},
            {"a little longer", "count_over_time(x{job=\"a\"}[61s])", "{job=\"a\"} 2", Minutes(2)},
            {"markers do not count", "count_over_time(x{job=\"b\"}[10m])", "{job=\"b\"} 2",
             Minutes(3)},
            {"only a marker", "count_over_time(x{job=\"b\"}[30s])", "", Minutes(2)},
            {"offset", "sum_over_time(x{job=\"a\"}[2m] offset 1m)", "{job=\"a\"} 3", Minutes(2)},
            {"fixed time", "sum_over_time(x{job=\"a\"}[2m] @ 60)", "{job=\"a\"} 3", Minutes(50)},
        });
}

TEST(SelectorTest, Matchers) {
  Check(kData, {
                   {"absent label equals empty", "x{job=\"\"}", "x 8", Minutes(1)},
                   {"not equal", "x{job!=\"a\"}", "x 8; x{job=\"b\"} 5", Minutes(1)},
                   {"regex is anchored", "x{job=~\"[a-z]?\"}",
                    "x 8; x{job=\"a\"} 2; x{job=\"b\"} 5", Minutes(1)},
                   {"regex of part", "{__name__=~\"xx?\", job=~\".\"}",
                    "x{job=\"a\"} 2; x{job=\"b\"} 5", Minutes(1)},
                   {"alternatives", "x{job=~\"a|c\"}", "x{job=\"a\"} 2", Minutes(1)},
                   {"alternatives negated", "x{job!~\"a|b\"}", "x 8", Minutes(1)},
                   {"anything", "x{job=~\".+\"}", "x{job=\"a\"} 2; x{job=\"b\"} 5", Minutes(1)},
                   {"nothing", "x{job!~\".+\"}", "x 8", Minutes(1)},
                   {"dot matches newline", "count(y{n=~\"l.m\"})", "{} 1", Minutes(1)},
                   {"two matchers of a label", "x{job=~\"a|b\", job!=\"a\"}", "x{job=\"b\"} 5",
                    Minutes(1)},
               });
}

TEST(SelectorTest, TimestampIsTheSamplesOwn) {
  Check(kData, {
                   {"plain", "timestamp(x{job=\"a\"})", "{job=\"a\"} 120", Minutes(3)},
                   {"in parentheses", "timestamp((x{job=\"a\"}))", "{job=\"a\"} 120", Minutes(3)},
                   {"offset", "timestamp(x{job=\"a\"} offset 2m)", "{job=\"a\"} 60", Minutes(3)},
                   {"of a result", "timestamp(x{job=\"a\"} > 0)", "{job=\"a\"} 180", Minutes(3)},
               });
}

TEST(SelectorTest, SeriesThatComeLaterAreSeen) {
  QueryFixture fixture;
  const QueryId query = fixture.Add("sum by (job) (x)");
  EXPECT_EQ(fixture.Eval(query, Minutes(0)), "");
  fixture.Append("x{job=\"a\", i=\"1\"}", Minutes(0), 1);
  EXPECT_EQ(fixture.Eval(query, Minutes(0)), "{job=\"a\"} 1");
  fixture.Append("x{job=\"a\", i=\"2\"}", Minutes(0), 2);
  fixture.Append("x{job=\"b\"}", Minutes(0), 5);
  fixture.Append("z{job=\"c\"}", Minutes(0), 7);
  EXPECT_EQ(fixture.Eval(query, Minutes(0)), "{job=\"a\"} 3; {job=\"b\"} 5");
}

TEST(SelectorTest, SeriesKnownBeforeTheQueryAreSeenOnce) {
  SeriesTable table;
  const auto slot = table.FindOrAdd({{"__name__", "x"}});
  table.Append(slot, 0, 1);
  QueryEngine engine(table, {});
  const auto parsed = promql::ParseExpr("count(x)");
  const QueryId query = *engine.Add(*parsed.expr);
  EXPECT_TRUE(engine.SeriesAdded(slot));  // told after the fact
  const auto result = engine.Evaluate(query, At(Minutes(0)));
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->frame->value(0), 1);
}

TEST(SelectorIndexTest, FindsOwners) {
  using promql::Matcher;
  using promql::MatchOp;
  const auto index = SelectorIndex::Build({
      {{Matcher{MatchOp::kEqual, "__name__", "up", {}}}, 0},
      {{Matcher{MatchOp::kEqual, "__name__", "up", {}}, Matcher{MatchOp::kEqual, "job", "a", {}}},
       1},
      {{Matcher{MatchOp::kRegex, "__name__", "u.*|d", {}}}, 2},
      {{Matcher{MatchOp::kEqual, "job", "b", {}}}, 63},
  });
  ASSERT_TRUE(index.ok());
  EXPECT_EQ((*index)->Match({{"__name__", "up"}}), 0b101u);
  EXPECT_EQ((*index)->Match({{"__name__", "up"}, {"job", "a"}}), 0b111u);
  EXPECT_EQ((*index)->Match({{"__name__", "d"}, {"job", "b"}}), 0b100u | uint64_t{1} << 63);
  EXPECT_EQ((*index)->Match({{"__name__", "other"}}), 0u);
  EXPECT_FALSE(SelectorIndex::Build({{{Matcher{MatchOp::kRegex, "a", "(", {}}}, 0}}).ok());
}

}  // namespace
}  // namespace tocsin::engine
