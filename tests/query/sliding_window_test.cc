// Windows that slide: what their summaries must not lose, and subqueries between their steps.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/random.h"
#include "engine/query/quantile.h"
#include "tests/query/fixture.h"

namespace tocsin::engine {
namespace {

double ValueOf(const std::string& line) {
  const std::vector<std::string> parts = absl::StrSplit(line, ' ');
  return std::stod(parts.back());
}

// The largest sample left long ago, each one since was but a little larger than what stayed: what
// the large one cost must be noticed all the same. The shape of a rate that dies away.
TEST(SlidingWindowTest, DeviationAfterASlowDecay) {
  QueryFixture fixture;
  const QueryId query = fixture.Add("stddev_over_time(x[5m])");
  std::vector<long double> samples;
  for (int i = 0; i < 300; ++i) {
    const double value = i < 20 ? 100 + std::sin(i) : 100 * std::exp(-0.25 * (i - 20));
    samples.push_back(value);
    const absl::Duration at = absl::Seconds(15 * i);
    fixture.Append("x", at, value);
    const double actual = ValueOf(fixture.Eval(query, at));
    const size_t n = std::min<size_t>(samples.size(), 20);
    long double mean = 0, squares = 0;
    for (size_t k = samples.size() - n; k < samples.size(); ++k) mean += samples[k] / n;
    for (size_t k = samples.size() - n; k < samples.size(); ++k) {
      squares += (samples[k] - mean) * (samples[k] - mean);
    }
    const double expected = static_cast<double>(std::sqrt(squares / n));
    ASSERT_NEAR(actual, expected, expected * 1e-5) << i;  // printed with six digits
  }
}

// Windows longer than what a quantile keeps of them: a series that wanders, with samples that come
// late, against sorting all of the window.
TEST(SlidingWindowTest, QuantilesOfLongWindows) {
  QueryFixture fixture;
  const double quantiles[] = {0.1, 0.5, 0.95};
  std::vector<QueryId> queries;
  for (const double q : quantiles) {
    queries.push_back(fixture.Add(absl::StrCat("quantile_over_time(", q, ", x[30m])")));
  }
  std::mt19937_64 random(3);
  std::map<int, double> samples;  // by second
  double level = 0;
  for (int second = 0; second < 2 * 3600; second += 5) {
    level += static_cast<double>(random() % 21) - 10;
    const int late = random() % 40 == 0 && second > 60 ? 32 : 0;
    const auto [it, fresh] = samples.emplace(second - late, level);
    if (fresh) fixture.Append("x", absl::Seconds(it->first), level);
    if (random() % 3 == 0) continue;
    std::vector<double> window;
    for (auto in = samples.upper_bound(second - 1800); in != samples.end(); ++in) {
      window.push_back(in->second);
    }
    for (size_t i = 0; i < queries.size(); ++i) {
      const double expected = Quantile(quantiles[i], window);
      const double actual = ValueOf(fixture.Eval(queries[i], absl::Seconds(second)));
      ASSERT_NEAR(actual, expected, std::fabs(expected) * 1e-9) << second;  // printed rounded
    }
  }
}

// Values that are not finite come and go, alone and several kinds at once.
TEST(SlidingWindowTest, SumsAmongAndBehindValuesThatAreNotFinite) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  QueryFixture fixture;
  const QueryId sum = fixture.Add("sum_over_time(x[1m])"),
                avg = fixture.Add("avg_over_time(x[1m])");
  std::mt19937_64 random(5);
  std::vector<double> samples;
  for (int i = 0; i < 2'000; ++i) {
    const double others[] = {kNan, kInfinity, -kInfinity};
    const bool finite = i % 100 < 50 || random() % 4 != 0;
    samples.push_back(finite ? static_cast<double>(random() % 100) : others[random() % 3]);
    fixture.Append("x", absl::Seconds(10 * i), samples.back());
    const size_t n = std::min<size_t>(samples.size(), 6);
    double expected = 0;
    for (size_t k = samples.size() - n; k < samples.size(); ++k) expected += samples[k];
    const std::string actual = fixture.Eval(sum, absl::Seconds(10 * i));
    const double mean = expected / static_cast<double>(n);
    if (std::isnan(expected)) {
      ASSERT_EQ(actual, "{} NaN") << i;
      ASSERT_EQ(fixture.Eval(avg, absl::Seconds(10 * i)), "{} NaN") << i;
    } else {
      ASSERT_EQ(ValueOf(actual), expected) << i;
      ASSERT_FLOAT_EQ(ValueOf(fixture.Eval(avg, absl::Seconds(10 * i))), mean) << i;
    }
  }
}

// Longer than a row remembers how long its window stays as it is.
TEST(SlidingWindowTest, WindowsOfMonths) {
  QueryFixture fixture;
  const QueryId count = fixture.Add("count_over_time(x[100d])");
  const absl::Duration day = absl::Hours(24);
  fixture.Append("x", day, 1);
  const std::pair<int, const char*> cases[] = {{1, "{} 1"},  {2, "{} 1"},   {60, "{} 1"},
                                               {61, "{} 1"}, {100, "{} 1"}, {101, ""}};
  for (const auto& [days, expected] : cases) {
    EXPECT_EQ(fixture.Eval(count, days * day), expected) << days;
  }
}

TEST(SlidingWindowTest, GrowthBehindAResetFromAHugeValue) {
  QueryFixture fixture;
  for (const auto& [second, value] :
       std::vector<std::pair<int, double>>{{15, 1e17}, {30, 3}, {45, 5}, {60, 2}, {75, 4}}) {
    fixture.Append("c_total", absl::Seconds(second), value);
  }
  // 3, 2, 2 and 2 more, stretched from 60 s to 75 s.
  EXPECT_EQ(fixture.Eval("increase(c_total[75s])", absl::Seconds(75)), "{} 11.25");
}

// It is kept while nothing changes: samples come, come late, and go with the time alone.
TEST(SlidingWindowTest, MedianDeviationFollowsEveryChange) {
  QueryFixture fixture;
  const QueryId mad = fixture.Add("mad_over_time(x[1m])");
  const auto at = [&](int second) { return fixture.Eval(mad, absl::Seconds(second)); };
  for (const auto& [second, value] :
       std::vector<std::pair<int, double>>{{0, 1}, {10, 2}, {20, 9}}) {
    fixture.Append("x", absl::Seconds(second), value);
  }
  EXPECT_EQ(at(20), "{} 1");
  EXPECT_EQ(at(30), "{} 1");
  EXPECT_EQ(fixture.Append("x", absl::Seconds(15), 9), AppendResult::kInserted);
  EXPECT_EQ(at(31), "{} 3.5");
  EXPECT_EQ(at(60), "{} 0");
  EXPECT_EQ(at(75), "{} 0");
  fixture.Append("x", absl::Seconds(76), 5);
  EXPECT_EQ(at(76), "{} 2");
  EXPECT_EQ(at(82), "{} 0");
  EXPECT_EQ(at(136), "");
}

// The sums of a slope overflow while the huge samples are there, and are made anew behind them.
TEST(SlidingWindowTest, SlopesOfHugeValuesAndBehindThem) {
  QueryFixture fixture;
  const QueryId slope = fixture.Add("deriv(x[5m])");
  const QueryId forecast = fixture.Add("predict_linear(x[5m], 60)");
  const auto feed = [&](int minute, double value) {
    fixture.Append("x", absl::Minutes(minute), value);
    return std::pair(ValueOf(fixture.Eval(slope, absl::Minutes(minute))),
                     ValueOf(fixture.Eval(forecast, absl::Minutes(minute))));
  };
  fixture.Append("x", absl::ZeroDuration(), 0);
  for (int minute = 1; minute < 8; ++minute) {
    const auto [per_second, next] = feed(minute, minute * 6e303);
    EXPECT_NEAR(per_second, 1e302, 1e292) << minute;
    EXPECT_NEAR(next, (minute + 1) * 6e303, 1e295) << minute;
  }
  for (int minute = 8; minute < 12; ++minute) feed(minute, minute * 6);
  for (int minute = 12; minute < 15; ++minute) {
    EXPECT_EQ(feed(minute, minute * 6), std::pair(0.1, (minute + 1) * 6.0)) << minute;
  }
}

// The sum of values overflows, that of their products with times does not.
TEST(SlidingWindowTest, SlopesWhereOnlyTheSumOfValuesOverflows) {
  QueryFixture fixture;
  const QueryId forecast = fixture.Add("predict_linear(x[10ms], 0)");
  int ms = 0;
  for (const double value : {1e308, 1.5e308, 1e290, 2e290, 3e290, 4e290, 5e290, 6e290}) {
    fixture.Append("x", absl::Milliseconds(ms++), value);
    fixture.Eval(forecast, absl::Milliseconds(ms));
  }
  fixture.Append("x", absl::Milliseconds(12), 11e290);
  EXPECT_NEAR(ValueOf(fixture.Eval(forecast, absl::Milliseconds(12))), 11e290, 1e281);
}

TEST(SlidingWindowTest, SamplesBehindOneDatedAheadAreTakenAsTheyCome) {
  QueryFixture fixture;
  const QueryId sum = fixture.Add("sum_over_time(x[1m])");
  EXPECT_EQ(fixture.Append("x", absl::Seconds(600), 1000), AppendResult::kAppended);
  for (int i = 1; i <= 30; ++i) {
    EXPECT_EQ(fixture.Append("x", absl::Seconds(15 * i), i), AppendResult::kInserted);
    double expected = 0;
    for (int k = std::max(1, i - 3); k <= i; ++k) expected += k;
    EXPECT_EQ(fixture.Eval(sum, absl::Seconds(15 * i)), absl::StrCat("{} ", expected));
  }
  EXPECT_EQ(fixture.Eval(sum, absl::Seconds(600)), "{} 1000");
}

TEST(SlidingWindowTest, OfZeroAndMinusZeroTheFirstCounts) {
  QueryFixture fixture;
  int second = 0;
  for (const double value : {5.0, 0.0, -0.0, 0.0, 7.0}) {
    fixture.Append("x", absl::Seconds(++second), value);
  }
  EXPECT_EQ(fixture.Eval("1 / min_over_time(x[10s])", absl::Seconds(5)), "{} +Inf");
  EXPECT_EQ(fixture.Eval("1 / min_over_time(x[3s])", absl::Seconds(5)), "{} -Inf");
  EXPECT_EQ(fixture.Eval("max_over_time(x[10s])", absl::Seconds(5)), "{} 7");
  // Of their times the last.
  EXPECT_EQ(fixture.Eval("ts_of_min_over_time(x[10s])", absl::Seconds(5)), "{} 4");
  EXPECT_EQ(fixture.Eval("ts_of_max_over_time(x[3s])", absl::Seconds(4)), "{} 4");
}

// Series are given up between two steps: rows are numbered anew, and labels with them.
TEST(SubqueryTest, RowsKeepTheirLabelsWhenOthersAreGivenUpBetweenSteps) {
  QueryFixture fixture;
  const QueryId query = fixture.Add("max_over_time(x[3m:1m]) < 3");
  for (int i = 0; i < 100; ++i) {
    fixture.Append(absl::StrCat("x{dead=\"", i, "\"}"), absl::ZeroDuration(), 100);
  }
  const auto feed = [&](int second) {
    for (int i = 0; i < 202; ++i) {
      fixture.Append(absl::StrCat("x{n=\"", i, "\"}"), absl::Seconds(second), i);
    }
  };
  for (int second = 0; second <= 480; second += 15) feed(second);
  const std::string expected = "{n=\"0\"} 0; {n=\"1\"} 1; {n=\"2\"} 2";
  EXPECT_EQ(fixture.Eval(query, absl::Seconds(480)), expected);
  ASSERT_EQ(fixture.engine().Trim(At(absl::Seconds(485))).size(), 100u);
  feed(495);
  EXPECT_EQ(fixture.Eval(query, absl::Seconds(495)), expected);
}

TEST(SubqueryTest, FixedInTimeStillFollowsTheTimeOfTheQueryInside) {
  QueryFixture fixture;
  fixture.Append("x", absl::Seconds(600), 1);
  fixture.Append("x", absl::Seconds(700), 9);
  const QueryId query = fixture.Add("max_over_time((x @ end())[5m:1m] @ 600)");
  EXPECT_EQ(fixture.Eval(query, absl::Seconds(650)), "{} 1");
  EXPECT_LE(fixture.engine().NextChange(query, At(absl::Seconds(650))), At(absl::Seconds(700)));
  EXPECT_EQ(fixture.Eval(query, absl::Seconds(700)), "{} 9");
}

// Evaluated on a step while samples of that step are still on their way: the step is replaced,
// comes up or goes when they arrive, and the function over it says what one begun anew says.
TEST(SubqueryTest, FunctionsFollowNewestStepsThatChange) {
  constexpr const char* kFunctions[] = {"avg_over_time",
                                        "changes",
                                        "count_over_time",
                                        "delta",
                                        "deriv",
                                        "first_over_time",
                                        "idelta",
                                        "increase",
                                        "irate",
                                        "last_over_time",
                                        "mad_over_time",
                                        "max_over_time",
                                        "min_over_time",
                                        "present_over_time",
                                        "rate",
                                        "resets",
                                        "stddev_over_time",
                                        "stdvar_over_time",
                                        "sum_over_time",
                                        "ts_of_first_over_time",
                                        "ts_of_max_over_time"};
  QueryFixture fixture;
  SeededRandom random(7);
  std::vector<std::string> exprs = {
      "quantile_over_time(0.4, (x > 0)[20m:1m])", "predict_linear((x > 0)[20m:1m], 60)",
      "max_over_time(avg_over_time((x > 0)[5m:1m])[20m:1m])", "absent_over_time((x > 1)[3m:1m])"};
  for (const char* function : kFunctions) {
    exprs.push_back(absl::StrCat(function, "((x > 0)[20m:1m])"));
  }
  std::vector<QueryId> queries;
  for (const std::string& expr : exprs) queries.push_back(fixture.Add(expr));
  const auto compare = [&](absl::Duration at) {
    for (size_t q = 0; q < queries.size(); ++q) {
      ASSERT_EQ(fixture.Eval(queries[q], at), fixture.EvalAnew(exprs[q], at))
          << exprs[q] << " " << at;
    }
  };
  for (int minute = 1; minute <= 150 && !HasFailure(); ++minute) {
    compare(absl::Minutes(minute));
    for (const int late : {0, 1, 20}) {
      if (random.Next() % 3 == 0) continue;
      const absl::Duration at = absl::Minutes(minute) - absl::Seconds(late);
      const double value = static_cast<double>(random.Next() % 5);
      fixture.Append(absl::StrCat("x{i=\"", random.Next() % 3, "\"}"), at,
                     random.Next() % 8 == 0 ? StaleMarker() : value);
      if (random.Next() % 2 == 0)
        compare(absl::Minutes(minute) + absl::Seconds(random.Next() % 50));
    }
  }
}

}  // namespace
}  // namespace tocsin::engine
