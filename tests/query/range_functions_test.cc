// Functions over ranges: values, and that going on from the last window gives what starting anew
// would.
#include <gtest/gtest.h>

#include <bit>

#include "base/random.h"
#include "base/sample.h"
#include "rules/promql/parser.h"
#include "tests/query/fixture.h"

namespace tocsin::engine {
namespace {

using absl::Minutes;
using absl::Seconds;

constexpr char kData[] = R"(
  c_total          0 60 120 180 240 300 360 420 480 540 600
  reset_total      0 60 120 10 70 130 20 80 140 200 260
  gauge            5 3 8 8 1 NaN 4 4 9 2 6
  young_total      _ _ _ _ _ _ _ _ 100 160 220
  zero_total       _ _ _ _ _ _ _ _ 1 61 121
  once             _ _ _ _ _ _ _ _ _ 7 _
  line             0 10 20 30 40 50 60 70 80 90 100
  const            4x10
  endless          Infx10
  unreal           NaNx10
)";

TEST(RangeFunctionTest, Counters) {
  Check(kData,
        {
            {"rate", "rate(c_total[5m])", "{} 1"},
            {"increase is extrapolated to the range", "increase(c_total[5m])", "{} 300"},
            {"resets are added", "increase(reset_total[10m])", "{} 500"},
            {"delta ignores resets", "delta(reset_total[10m])", "{} 222.2222222"},
            {"starts within the range: half a distance", "increase(young_total[10m])", "{} 150"},
            {"never below zero", "increase(zero_total[10m])", "{} 121"},
            {"one sample is not enough", "rate(once[5m])", ""},
            {"irate", "irate(c_total[5m])", "{} 1"},
            {"irate after a reset", "irate(reset_total[2m])", "{} 0.3333333333", Minutes(6)},
            {"idelta", "idelta(reset_total[2m])", "{} -110", Minutes(6)},
            {"resets", "resets(reset_total[10m])", "{} 2"},
            {"changes", "changes(gauge[20m])", "{} 8"},
            {"NaN to NaN is no change", "changes(unreal[20m])", "{} 0"},
            {"no changes", "changes(const[5m])", "{} 0"},
            {"offset", "rate(c_total[2m] offset 5m)", "{} 1"},
        });
}

TEST(RangeFunctionTest, Folds) {
  Check(kData, {
                   {"sum", "sum_over_time(line[5m])", "{} 400"},
                   {"avg", "avg_over_time(line[5m])", "{} 80"},
                   {"min passes over NaN", "min_over_time(gauge[10m])", "{} 1"},
                   {"max passes over NaN", "max_over_time(gauge[10m])", "{} 9"},
                   {"only NaN", "max_over_time(gauge[1m])", "{} NaN", Minutes(5)},
                   {"count", "count_over_time(gauge[3m])", "{} 3"},
                   {"last keeps the name", "last_over_time(gauge[3m])", "gauge 6"},
                   {"first keeps the name", "first_over_time(gauge[3m])", "gauge 9"},
                   {"present", "present_over_time(once[5m])", "{} 1"},
                   {"stdvar", "stdvar_over_time(line[5m])", "{} 200"},
                   {"stddev of one", "stddev_over_time(once[5m])", "{} 0"},
                   {"quantile", "quantile_over_time(0.5, line[5m])", "{} 80"},
                   {"absent", "absent_over_time(once{a=\"b\"}[5m])", "{a=\"b\"} 1"},
                   {"not absent", "absent_over_time(once[5m])", ""},
                   {"nothing there", "sum_over_time(nothing[5m])", ""},
               });
}

TEST(RangeFunctionTest, Lines) {
  Check(kData, {
                   {"deriv", "deriv(line[5m])", "{} 0.1666666667"},
                   {"predict", "predict_linear(line[5m], 600)", "{} 200"},
                   {"predict a constant exactly", "predict_linear(const[5m], 1e9)", "{} 4"},
                   {"infinite", "deriv(endless[5m])", "{} NaN"},
                   {"one sample", "deriv(once[5m])", ""},
               });
}

TEST(RangeFunctionTest, Subqueries) {
  Check(kData, {
                   {"steps are multiples", "count_over_time(line[5m:2m])", "{} 2", Minutes(9)},
                   {"default step", "sum_over_time(line[3m:])", "{} 270"},
                   {"of a function", "max_over_time(rate(c_total[2m])[5m:1m])", "{} 1"},
                   {"offset", "max_over_time(line[2m:1m] offset 3m)", "{} 70"},
                   {"nested", "max_over_time(avg_over_time(line[2m:1m])[4m:1m])", "{} 95"},
                   {"beside the same selector outside",
                    "line - max_over_time(line[3m:1m] offset 1m)", "{} 10"},
                   {"keeps the name", "last_over_time(line[2m:1m])", "line 100"},
               });
}

TEST(RangeFunctionTest, TellsOfMetricsThatAreNoCounters) {
  QueryFixture fixture;
  fixture.Load(Minutes(1), kData);
  EXPECT_EQ(fixture.Notes("rate(c_total[5m])", Minutes(5)), "");
  EXPECT_EQ(fixture.Notes("1 + rate(gauge[5m])", Minutes(5)),
            "PromQL info: metric might not be a counter, name does not end in "
            "_total/_sum/_count/_bucket: \"gauge\" (1:10)");
  EXPECT_EQ(fixture.Notes("rate(gauge[5m])", Minutes(55)), "");  // no samples, nothing to tell
}

// One engine goes on from window to window, with late samples, markers and steps back; another one
// is new each time.
TEST(RangeFunctionTest, GoingOnEqualsStartingAnew) {
  const char* const kFunctions[] = {"rate(x_total[3m])",
                                    "increase(x_total[90s])",
                                    "delta(x_total[2m])",
                                    "irate(x_total[2m])",
                                    "changes(x_total[3m])",
                                    "resets(x_total[3m])",
                                    "max_over_time(x_total[3m])",
                                    "min_over_time(x_total[4m])",
                                    "sum_over_time(x_total[2m])",
                                    "avg_over_time(x_total[3m])",
                                    "quantile_over_time(0.9, x_total[2m])",
                                    "stddev_over_time(x_total[2m])",
                                    "deriv(x_total[3m])",
                                    "count_over_time(x_total[1m])",
                                    "last_over_time(x_total[1m])",
                                    "max_over_time(rate(x_total[1m])[2m:20s])"};
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random(seed);
    QueryFixture fixture;
    std::vector<QueryId> queries;
    for (const char* function : kFunctions) queries.push_back(fixture.Add(function));
    int64_t now = 0;
    for (int step = 0; step < 60; ++step) {
      for (int i = 0; i < 4; ++i) {
        const double value =
            random.Next() % 12 == 0 ? StaleMarker() : static_cast<double>(random.Next() % 5);
        const int64_t late = random.Next() % 5 == 0 ? static_cast<int64_t>(random.Next() % 60) : 0;
        fixture.Append("x_total{i=\"1\"}", Seconds(now - late), value);
        now += static_cast<int64_t>(random.Next() % 15);
      }
      const int64_t back = random.Next() % 6 == 0 ? static_cast<int64_t>(random.Next() % 200) : 0;
      if (back == 0 && random.Next() % 4 == 0) fixture.engine().Trim(At(Seconds(now - 200)));
      for (size_t q = 0; q < queries.size(); ++q) {
        QueryEngine anew(fixture.table(), fixture.options());
        const auto parsed = promql::ParseExpr(kFunctions[q]);
        const QueryId id = *anew.Add(*parsed.expr);
        const auto expected = anew.Evaluate(id, At(Seconds(now - back)));
        const auto actual = fixture.engine().Evaluate(queries[q], At(Seconds(now - back)));
        ASSERT_TRUE(expected.ok() && actual.ok());
        ASSERT_EQ(actual->frame->rows(), expected->frame->rows());
        if (expected->frame->rows() == 0) continue;
        ASSERT_EQ(actual->frame->present(0), expected->frame->present(0))
            << kFunctions[q] << " at " << now - back;
        if (!expected->frame->present(0)) continue;
        const double a = actual->frame->value(0), b = expected->frame->value(0);
        ASSERT_EQ(std::bit_cast<uint64_t>(a), std::bit_cast<uint64_t>(b))
            << kFunctions[q] << " at " << now - back;
      }
    }
  }
}

}  // namespace
}  // namespace tocsin::engine
