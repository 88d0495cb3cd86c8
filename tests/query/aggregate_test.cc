// Aggregations.
#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/query/fixture.h"

namespace tocsin::engine {
namespace {

constexpr char kData[] = R"(
  v{g="a", i="1"} 1x10
  v{g="a", i="2"} 2x10
  v{g="a", i="3"} 6x10
  v{g="b", i="1"} NaNx10
  v{g="b", i="2"} 5x10
  big{i="1"} 1e308x10
  big{i="2"} 1e308x10
  big{i="3"} -1e308x10
  tiny{i="1"} 1x10
  tiny{i="2"} 1e100x10
  tiny{i="3"} 1x10
  tiny{i="4"} -1e100x10
  endless{i="1"} Infx10
  endless{i="2"} 1x10
)";

TEST(AggregateTest, Values) {
  Check(kData, {
                   {"sum by", "sum by (g) (v)", "{g=\"a\"} 9; {g=\"b\"} NaN"},
                   {"sum without", "sum without (i) (v)", "{g=\"a\"} 9; {g=\"b\"} NaN"},
                   {"sum of all", "sum(v{g=\"a\"})", "{} 9"},
                   {"sum is compensated", "sum(tiny)", "{} 2"},
                   {"sum overflows", "sum(big{i!=\"3\"})", "{} +Inf"},
                   {"avg", "avg by (g) (v)", "{g=\"a\"} 3; {g=\"b\"} NaN"},
                   {"avg does not overflow", "avg(big{i!=\"3\"})", "{} 1e+308"},
                   {"avg with infinity", "avg(endless)", "{} +Inf"},
                   {"min passes over NaN", "min by (g) (v)", "{g=\"a\"} 1; {g=\"b\"} 5"},
                   {"max passes over NaN", "max by (g) (v)", "{g=\"a\"} 6; {g=\"b\"} 5"},
                   {"max of only NaN", "max(v{g=\"b\", i=\"1\"})", "{} NaN"},
                   {"count", "count by (g) (v)", "{g=\"a\"} 3; {g=\"b\"} 2"},
                   {"group", "group(v)", "{} 1"},
                   {"stdvar", "stdvar by (g) (v)", "{g=\"a\"} 4.666666667; {g=\"b\"} NaN"},
                   {"stddev", "stddev(v{g=\"a\"})", "{} 2.160246899"},
                   {"stddev of infinity", "stddev(endless)", "{} NaN"},
                   {"of nothing", "sum(nothing)", ""},
                   {"by a label nobody has", "count by (zz) (v)", "{} 5"},
                   {"by the name", "count by (__name__) (v)", "v 5"},
                   {"groups vanish", "sum by (i) (v > 2)", "{i=\"2\"} 5; {i=\"3\"} 6"},
               });
}

TEST(AggregateTest, Quantile) {
  Check(kData, {
                   {"median", "quantile(0.5, v{g=\"a\"})", "{} 2"},
                   {"interpolated", "quantile(0.75, v{g=\"a\"})", "{} 4"},
                   {"NaN is the smallest", "quantile(1, v{g=\"b\"})", "{} 5"},
                   {"below zero", "quantile(-1, v{g=\"a\"})", "{} -Inf"},
                   {"above one", "quantile(2, v{g=\"a\"})", "{} +Inf"},
                   {"changing parameter", "quantile(scalar(count(v)) / 10, v{g=\"a\"})", "{} 2"},
               });
  QueryFixture fixture;
  fixture.Load(absl::Minutes(1), kData);
  EXPECT_EQ(fixture.Notes("quantile(1.5, v)", absl::Minutes(1)),
            "PromQL warning: quantile value should be between 0 and 1, got 1.5 (1:10)");
  EXPECT_EQ(fixture.Notes("quantile(0.5, v)", absl::Minutes(1)), "");
}

TEST(AggregateTest, Ranking) {
  Check(
      kData,
      {
          {"topk, best first", "topk(2, v)", "v{g=\"a\", i=\"3\"} 6; v{g=\"b\", i=\"2\"} 5"},
          {"bottomk", "bottomk(2, v)", "v{g=\"a\", i=\"1\"} 1; v{g=\"a\", i=\"2\"} 2"},
          {"per group", "sum by (g) (topk by (g) (2, v))", "{g=\"a\"} 8; {g=\"b\"} NaN"},
          {"NaN comes last", "topk(9, v{g=\"b\"})",
           "v{g=\"b\", i=\"2\"} 5; v{g=\"b\", i=\"1\"} NaN"},
          {"none", "topk(0, v)", ""},
          {"NaN wanted", "topk(NaN, v)", "error: Parameter value is NaN"},
          {"no room for so many", "topk(1e30, v)", "error: Scalar value 1e+30 overflows int64"},
          {"sort", "sort(v)",
           "v{g=\"a\", i=\"1\"} 1; v{g=\"a\", i=\"2\"} 2; v{g=\"b\", i=\"2\"} 5; v{g=\"a\", "
           "i=\"3\"} 6; v{g=\"b\", i=\"1\"} NaN"},
          {"sort_desc", "sort_desc(v{g=\"b\"})", "v{g=\"b\", i=\"2\"} 5; v{g=\"b\", i=\"1\"} NaN"},
      });
}

TEST(AggregateTest, CountValues) {
  Check("c{i=\"1\"} 1 2 2\nc{i=\"2\"} 1 1 2.5\nc{i=\"3\"} 1 1 Inf",
        {
            {"one value", "count_values(\"v\", c)", "{v=\"1\"} 3", absl::Minutes(0)},
            {"several", "count_values(\"v\", c)", "{v=\"1\"} 2; {v=\"2\"} 1", absl::Minutes(1)},
            {"texts", "count_values by (i) (\"i\", c)",
             "{i=\"+Inf\"} 1; {i=\"2\"} 1; {i=\"2.5\"} 1", absl::Minutes(2)},
            {"input of another", "sum(count_values(\"v\", c))", "{} 3", absl::Minutes(1)},
        });
}

// Rows come up as values do; operators above follow.
TEST(AggregateTest, CountValuesGrowsAcrossEvaluations) {
  QueryFixture fixture;
  fixture.Load(absl::Minutes(1), "c{i=\"1\"} 1 2 3\nc{i=\"2\"} 1 1 3");
  const QueryId query = fixture.Add("max by (v) (count_values(\"v\", c)) + 0");
  EXPECT_EQ(fixture.Eval(query, absl::Minutes(0)), "{v=\"1\"} 2");
  EXPECT_EQ(fixture.Eval(query, absl::Minutes(1)), "{v=\"1\"} 1; {v=\"2\"} 1");
  EXPECT_EQ(fixture.Eval(query, absl::Minutes(2)), "{v=\"3\"} 2");
}

// A subquery needs the values of many instants at once, here more than there are rows by far.
TEST(AggregateTest, CountValuesOverManyInstants) {
  QueryFixture fixture;
  fixture.Load(absl::Minutes(1), "x 0+1x400");
  const QueryId query =
      fixture.Add("count(count_over_time((count_values(\"v\", x))[300m:1m]) == 1)");
  for (int minute = 350; minute < 400; ++minute) {
    ASSERT_EQ(fixture.Eval(query, absl::Minutes(minute)), "{} 300") << minute;
  }
}

// Values that were seen long ago leave no rows behind.
TEST(AggregateTest, CountValuesForgetsOldValues) {
  QueryFixture fixture;
  const QueryId query = fixture.Add("count_values(\"v\", x)");
  size_t rows_max = 0;
  for (int minute = 0; minute < 2000; ++minute) {
    for (int i = 0; i < 20; ++i) {
      fixture.Append(absl::StrCat("x{i=\"", i, "\"}"), absl::Minutes(minute), minute * 20 + i);
    }
    const auto result = fixture.engine().Evaluate(query, At(absl::Minutes(minute)));
    ASSERT_TRUE(result.ok());
    ASSERT_EQ(result->frame->CountPresent(), 20u);
    rows_max = std::max(rows_max, result->labels->size());
  }
  EXPECT_LE(rows_max, 20u * 5 + 20);
}

}  // namespace
}  // namespace tocsin::engine
