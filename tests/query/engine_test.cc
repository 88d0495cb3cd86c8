// The engine around the operators: sharing, needs, trimming, what it knows of time, and what it
// refuses.
#include "engine/query/query_engine.h"

#include <gtest/gtest.h>

#include "rules/promql/parser.h"
#include "tests/query/fixture.h"

namespace tocsin::engine {
namespace {

using absl::Minutes;
using absl::Seconds;

TEST(QueryEngineTest, EqualPartsAreOneOperator) {
  QueryFixture fixture;
  const QueryId first = fixture.Add("sum by (job) (rate(x_total{a=\"1\",b=\"2\"}[5m])) > 1");
  const size_t operators = fixture.engine().operators();
  const QueryId second = fixture.Add("(sum by (job) (rate(x_total{b=\"2\", a=\"1\"}[5m]))) > 1");
  EXPECT_EQ(fixture.engine().operators(), operators);
  const QueryId third = fixture.Add("sum by (job) (rate(x_total{a=\"1\",b=\"2\"}[5m])) > 2");
  EXPECT_EQ(fixture.engine().operators(), operators + 3);  // number, comparison, result
  fixture.Add("sum by (job) (rate(x_total{a=\"1\",b=\"2\"}[6m])) > 1");
  EXPECT_EQ(fixture.engine().operators(),
            operators + 3 + 5);  // window, rate, sum, comparison, result
  fixture.engine().Remove(first);
  EXPECT_EQ(fixture.engine().operators(), operators + 8);
  fixture.engine().Remove(second);
  EXPECT_EQ(fixture.engine().operators(),
            operators + 8 - 2 + 0);  // the number is shared with the last query
  fixture.engine().Remove(third);
}

TEST(QueryEngineTest, RowsAreAppendedAndKeepTheirNumbers) {
  QueryFixture fixture;
  const QueryId query = fixture.Add("sum by (job) (x)");
  fixture.Append("x{job=\"a\", i=\"1\"}", Minutes(0), 1);
  const auto rows = [&] {
    return fixture.engine().Evaluate(query, At(Minutes(1)))->labels->size();
  };
  const auto layout = [&] { return fixture.engine().Evaluate(query, At(Minutes(1)))->layout; };
  EXPECT_EQ(rows(), 1u);
  const uint64_t first = layout();
  fixture.Append("x{job=\"a\", i=\"1\"}", Seconds(30), 2);
  EXPECT_EQ(rows(), 1u);
  fixture.Append("x{job=\"a\", i=\"2\"}", Minutes(0), 1);  // a member of a known group
  EXPECT_EQ(rows(), 1u);
  fixture.Append("x{job=\"b\", i=\"1\"}", Minutes(0), 1);
  EXPECT_EQ(rows(), 2u);
  EXPECT_EQ(layout(), first);
}

TEST(QueryEngineTest, NewSampleAtTheSameTimeIsSeen) {
  QueryFixture fixture;
  const QueryId query = fixture.Add("max(x) + max_over_time(x[5m])");
  fixture.Append("x", Minutes(0), 1);
  EXPECT_EQ(fixture.Eval(query, Minutes(1)), "{} 2");
  fixture.Append("x", Seconds(30), 5);
  EXPECT_EQ(fixture.Eval(query, Minutes(1)), "{} 10");
  fixture.Append("x", Seconds(15), 9);  // late
  EXPECT_EQ(fixture.Eval(query, Minutes(1)), "{} 14");
}

struct NextCase {
  const char* expr;
  absl::Duration at;
  absl::Duration next;
};

TEST(QueryEngineTest, NextChange) {
  QueryFixture fixture;
  fixture.Load(Minutes(1), "x 1 2 _ _ _ _ _ _ _ 3\nstale 1 stale");
  const absl::Duration never = At(Minutes(0)) - Timestamp::Max();
  const NextCase cases[] = {
      {"x", Minutes(1), Minutes(6)},  // turns too old
      {"x", Minutes(7), Minutes(9)},  // a sample dated ahead comes in
      {"x offset 1m", Minutes(1), Minutes(2)},
      {"x offset -1m", Minutes(7), Minutes(8)},
      {"x", Minutes(20), never},
      {"sum(x) > 1", Minutes(1), Minutes(6)},
      {"sum_over_time(x[3m])", Minutes(1), Minutes(3)},  // the first one leaves
      {"sum_over_time(x[3m])", Minutes(3), Minutes(4)},
      {"x + on() stale", Minutes(0), Minutes(1)},
      {"absent(x)", Minutes(1), Minutes(6)},
      {"x @ 60", Minutes(1), never},
      {"vector(time()) > 5", Minutes(1), Minutes(1) + absl::Milliseconds(1)},
      {"1 + 1", Minutes(1), never},
  };
  for (const NextCase& c : cases) {
    const QueryId query = fixture.Add(c.expr);
    const Timestamp expected = c.next == never ? Timestamp::Max() : At(c.next);
    EXPECT_EQ(fixture.engine().NextChange(query, At(c.at)).millis(), expected.millis())
        << c.expr << " at " << c.at;
  }
}

// Nothing changes before NextChange() says so.
TEST(QueryEngineTest, NothingChangesBeforeNextChange) {
  QueryFixture fixture;
  fixture.Load(Seconds(20), "x{i=\"1\"} 1 2 stale _ 3 _ _ _ 5\nx{i=\"2\"} _ _ _ 4 _ _ _ stale");
  for (const char* expr : {"x", "sum(x) unless x{i=\"2\"}", "max_over_time(x[45s] offset 7s)",
                           "count_over_time(x[1m:10s])", "absent_over_time(x{i=\"2\"}[30s])"}) {
    const QueryId query = fixture.Add(expr);
    int64_t next = -1;
    std::string before;
    for (int64_t t = 0; t < 600; ++t) {
      const std::string now = fixture.Eval(query, Seconds(t));
      if (Seconds(t) < absl::Milliseconds(next)) {
        ASSERT_EQ(now, before) << expr << " at " << t;
      }
      before = now;
      next = fixture.engine().NextChange(query, At(Seconds(t))).millis();
      ASSERT_GT(next, t * 1000) << expr;
    }
  }
}

TEST(QueryEngineTest, MarkersAreNoInputs) {
  QueryFixture fixture;
  fixture.Load(Minutes(1), "x 1 2 stale");
  const QueryId query = fixture.Add("max_over_time(x[5m])");
  fixture.Eval(query, Minutes(3));
  EXPECT_EQ(fixture.engine().NewestInputs(query), (std::vector<int64_t>{60'000}));
}

TEST(QueryEngineTest, NewestInputs) {
  QueryFixture fixture;
  fixture.Load(Minutes(1), "x{i=\"1\"} 1 2\nx{i=\"2\"} 1 2 3");
  const auto newest = [&](const std::string& expr) {
    const QueryId query = fixture.Add(expr);
    fixture.Eval(query, Minutes(3));
    return fixture.engine().NewestInputs(query);
  };
  const auto ms = [](int64_t minutes) { return minutes * 60'000; };
  EXPECT_EQ(newest("x > 0"), (std::vector<int64_t>{ms(1), ms(2)}));
  EXPECT_EQ(newest("sum(x)"), (std::vector<int64_t>{ms(2)}));
  EXPECT_EQ(newest("sum(x{i=\"1\"})"), (std::vector<int64_t>{ms(1)}));
  EXPECT_EQ(newest("max_over_time(x[5m])"), (std::vector<int64_t>{ms(1), ms(2)}));
  EXPECT_EQ(newest("x{i=\"1\"} * on() x{i=\"2\"}"), (std::vector<int64_t>{ms(2)}));
  EXPECT_EQ(newest("vector(1)"), (std::vector<int64_t>{INT64_MIN}));
}

struct NeedCase {
  const char* expr;
  absl::Duration reach;
  bool unbounded = false;
};

TEST(QueryEngineTest, Needs) {
  const NeedCase cases[] = {
      {"x", Minutes(5)},
      {"x offset 10m", Minutes(15)},
      {"x offset -10m", Minutes(0)},
      {"rate(x[1h])", Minutes(60)},
      {"rate(x[1h] offset 1h)", Minutes(120)},
      {"max_over_time(rate(x[5m])[1h:1m] offset 10m)", Minutes(75)},
      {"x @ 5", Minutes(5), true},
      {"max_over_time(x[1h:] @ 5)", Minutes(65), true},
      {"x @ end()", Minutes(5)},
      {"max_over_time((x @ end())[1h:1m])", Minutes(5)},
  };
  for (const NeedCase& c : cases) {
    const auto parsed = promql::ParseExpr(c.expr);
    ASSERT_FALSE(parsed.error) << c.expr;
    const auto needs = QueryEngine::Needs(*parsed.expr, {});
    ASSERT_EQ(needs.size(), 1u);
    EXPECT_EQ(needs[0].reach, c.reach) << c.expr;
    EXPECT_EQ(needs[0].unbounded, c.unbounded) << c.expr;
    EXPECT_EQ(needs[0].matchers[0].value, "x");
  }
}

TEST(QueryEngineTest, TrimKeepsWhatTheFarthestQueryNeeds) {
  QueryFixture fixture;
  fixture.Load(Minutes(1), "x 0+1x300\ny 0+1x300\nz 0+1x300");
  fixture.Add("x");
  const QueryId wide = fixture.Add("max_over_time(x[10m]) + y");
  // Whole chunks go: those here end at minutes 255 and 287; and of the last what nobody needs.
  const auto first_minute = [&](const char* name) {
    const Column& column = fixture.table().column(*fixture.table().Find({{"__name__", name}}));
    return column.time(column.begin()) / 60'000;
  };
  EXPECT_EQ(fixture.engine().MaxReach(), Minutes(10));
  // Memory is given back when columns grow.
  int minute = 301;
  const auto trim = [&] {
    fixture.engine().Trim(At(Minutes(294)));
    for (const int end = minute + 8; minute < end; ++minute) {
      for (const char* name : {"x", "y", "z"}) fixture.Append(name, Minutes(minute), minute);
    }
  };
  trim();
  EXPECT_EQ(first_minute("x"), 256);
  EXPECT_EQ(first_minute("y"), 290);
  EXPECT_EQ(first_minute("z"), 295);  // nobody wants it
  EXPECT_EQ(fixture.Eval(wide, Minutes(294)), "{} 588");
  fixture.engine().Remove(wide);
  EXPECT_EQ(fixture.engine().MaxReach(), Minutes(5));
  trim();
  EXPECT_EQ(first_minute("x"), 290);
  fixture.Add("y @ 0");
  EXPECT_EQ(fixture.engine().MaxReach(), absl::InfiniteDuration());
}

struct RefusedCase {
  const char* expr;
  const char* message;  // "" if it is supported
  size_t begin = 0;
};

TEST(QueryEngineTest, RefusesWhatIsNotThereYet) {
  const RefusedCase cases[] = {
      {"sum(rate(x[5m])) by (a) / on(a) group_left(b) y", ""},
      {"histogram_quantile(0.9, sum by (le) (rate(x[5m])))", ""},
      {"x[5m]", ""},
      {"abs(histogram_count(x))", ""},
      {"1 + limitk(2, x)", "not supported yet: limitk", 4},
      {"abs(histogram_quantiles(x, \"q\", 0.5))", "not supported yet: histogram_quantiles()", 4},
      {"1 + info(x)", "not supported yet: info()", 4},
      {"sum(double_exponential_smoothing(x[5m], 0.1, 0.1))",
       "not supported yet: double_exponential_smoothing()", 4},
  };
  promql::ParseOptions options;
  options.experimental = true;
  for (const RefusedCase& c : cases) {
    const auto parsed = promql::ParseExpr(c.expr, options);
    ASSERT_FALSE(parsed.error) << c.expr;
    const auto refused = QueryEngine::Unsupported(*parsed.expr);
    EXPECT_EQ(refused ? refused->message : "", c.message) << c.expr;
    EXPECT_EQ(refused ? refused->span.begin : 0, c.begin) << c.expr;
    SeriesTable table;
    QueryEngine engine(table, {});
    EXPECT_EQ(engine.Add(*parsed.expr).ok(), !refused) << c.expr;
  }
}

}  // namespace
}  // namespace tocsin::engine
