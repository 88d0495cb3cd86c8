#include "engine/adhoc_query.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rules/promql/parser.h"
#include "storage/memory_store.h"

namespace tocsin::engine {
namespace {

using absl::Hours;
using absl::Minutes;
using absl::StatusCode;

constexpr Timestamp kStart = Timestamp::FromMillis(1'700'000'000'000);

// A log whose records hold one sample each. Times are spans since the start.
class AdhocQueryTest : public ::testing::Test {
 protected:
  AdhocQueryTest() : log_(*storage::OpenSampleLog(store_)) {
    limits_.samples_max = 1'000'000;
    limits_.late = Hours(1);
    limits_.ahead = Minutes(10);
  }

  // A sample dated `at` is committed when the clock shows `committed`.
  void Commit(const Labels& series, double value, absl::Duration at, absl::Duration committed) {
    const auto ref = registry_.Resolve(series);
    ASSERT_TRUE(ref.ok()) << ref.status();
    SampleBatch batch;
    batch.Add(*ref, (kStart + at).millis(), value);
    ASSERT_TRUE(log_->Append(batch, registry_.TakeNew(), kStart + committed).ok());
  }
  void Commit(double value, absl::Duration at) { Commit({{"__name__", "x"}}, value, at, at); }

  absl::StatusOr<AdhocResult> Run(const std::string& query, absl::Duration at) {
    const promql::ParseResult parsed = promql::ParseExpr(query);
    EXPECT_FALSE(parsed.error) << query;
    return RunAdhocQuery(*parsed.expr, {.at = kStart + at, .now = kStart + now_}, registry_, *log_,
                         limits_);
  }
  // The values of the rows.
  std::vector<double> Values(const std::string& query, absl::Duration at) {
    const auto result = Run(query, at);
    EXPECT_TRUE(result.ok()) << result.status();
    std::vector<double> values;
    if (!result.ok()) return values;
    for (const auto& [labels, value] : result->rows) values.push_back(value);
    return values;
  }
  using V = std::vector<double>;

  storage::MemoryStore store_;
  std::unique_ptr<storage::SampleLog> log_;
  SeriesRegistry registry_{Limits()};
  AdhocLimits limits_;
  absl::Duration now_ = Hours(24);
};

TEST_F(AdhocQueryTest, RangeVectorIsAResult) {
  for (int i = 0; i <= 4; ++i) Commit(i, Minutes(i));
  const auto result = Run("x[2m]", Minutes(3));
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->type, promql::ValueType::kMatrix);
  ASSERT_EQ(result->matrix.size(), 1u);
  EXPECT_EQ(result->matrix[0].labels, Labels({{"__name__", "x"}}));
  EXPECT_EQ(result->matrix[0].values, V({2, 3}));
  EXPECT_EQ(result->matrix[0].times_ms[0], (kStart + Minutes(2)).millis());
}

TEST_F(AdhocQueryTest, HistogramsAreReadFromTheLogAndCounted) {
  const auto ref = registry_.Resolve({{"__name__", "h"}});
  auto histogram = std::make_shared<NativeHistogram>();
  histogram->count = histogram->sum = 4;
  histogram->positive = {{1, 4}};
  for (int minute = 0; minute < 3; ++minute) {
    SampleBatch batch;
    batch.Add(*ref, (kStart + Minutes(minute)).millis(), histogram);
    ASSERT_TRUE(log_->Append(batch, registry_.TakeNew(), kStart + Minutes(minute)).ok());
  }
  const auto result = Run("h", Minutes(2));
  ASSERT_TRUE(result.ok()) << result.status();
  ASSERT_EQ(result->histograms.size(), 1u);
  EXPECT_TRUE(SameHistogram(*result->histograms[0], *histogram));
  EXPECT_EQ(Values("histogram_count(h)", Minutes(2)), V({4}));

  limits_.kept_bytes_max = 700;  // enough for the series and its times
  EXPECT_EQ(Run("count_over_time(h[5m])", Minutes(2)).status().code(),
            StatusCode::kResourceExhausted);
}

TEST_F(AdhocQueryTest, SortedRowsComeInOrder) {
  Commit({{"__name__", "x"}, {"i", "1"}}, 1, Minutes(1), Minutes(1));
  Commit({{"__name__", "x"}, {"i", "2"}}, 3, Minutes(1), Minutes(1));
  Commit({{"__name__", "x"}, {"i", "3"}}, 2, Minutes(1), Minutes(1));
  EXPECT_EQ(Values("sort_desc(x)", Minutes(1)), V({3, 2, 1}));
}

TEST_F(AdhocQueryTest, FindsWhatItsSelectorsReach) {
  for (int i = 0; i <= 20; ++i) Commit(i, Minutes(i));
  EXPECT_EQ(Values("x", Minutes(7)), V{7});
  EXPECT_EQ(Values("count_over_time(x[10m])", Minutes(12)), V{10});
  EXPECT_EQ(Values("x offset 10m", Minutes(15)), V{5});
  EXPECT_EQ(Values("y", Minutes(7)), V{});
}

TEST_F(AdhocQueryTest, StartAndEndAreTheQuerysAlsoInASubquery) {
  for (int i = 0; i <= 20; ++i) Commit(i, Minutes(i));
  EXPECT_EQ(Values("x @ end()", Minutes(20)), V{20});
  EXPECT_EQ(Values("sum_over_time((x @ end())[3m:1m])", Minutes(20)), V{60});
  EXPECT_EQ(Values("sum_over_time((x @ start())[3m:1m])", Minutes(20)), V{60});
}

TEST_F(AdhocQueryTest, FindsSamplesThatCameLateOrEarly) {
  Commit({{"__name__", "early"}}, 1, Minutes(10), Minutes(0));
  Commit({{"__name__", "late"}}, 2, Minutes(10), Minutes(70));
  Commit(3, Hours(3));
  EXPECT_EQ(Values("early", Minutes(10)), V{1});
  EXPECT_EQ(Values("late", Minutes(10)), V{2});
}

// The log raises commit times to the greatest one so far, here by up to 3 hours: they say nothing
// about what is in the records. Queries follow the clock that shows less.
TEST_F(AdhocQueryTest, FindsSamplesAfterTheClockWasSetBack) {
  Commit(0, Hours(10));
  for (int i = 0; i <= 60; ++i) Commit(i, Hours(7) + Minutes(i));
  now_ = Hours(8);
  EXPECT_EQ(Values("x", Hours(8)), V{60});
  EXPECT_EQ(Values("count_over_time(x[30m])", Hours(8)), V{30});
  EXPECT_EQ(Values("x", Hours(7) + Minutes(10)), V{10});
  now_ = Hours(9) + Minutes(30);  // the first minutes are long ago by this clock too
  EXPECT_EQ(Values("x", Hours(7) + Minutes(10)), V{10});
  now_ = Hours(10) + Minutes(5);  // and is past the greatest commit time
  Commit(65, Hours(10) + Minutes(5));
  EXPECT_EQ(Values("x", Hours(10) + Minutes(5)), V{65});
}

// Reading to the end is for times near now: a question about the past costs what the past holds.
TEST_F(AdhocQueryTest, OldTimesDoNotCostWhatCameSince) {
  for (int i = 0; i < 10 * 60; ++i) Commit(i, Minutes(i));
  now_ = Hours(10);
  limits_.samples_max = 90;
  EXPECT_EQ(Values("x", Minutes(30)), V{30});
  EXPECT_EQ(Values("x", Hours(9) + Minutes(59)), V{599});
}

TEST_F(AdhocQueryTest, AFixedTimeMayBeFarAfterTheTimeOfTheQuery) {
  for (int i = 0; i <= 10; ++i) Commit(i, Hours(i));
  now_ = Hours(10);
  EXPECT_EQ(Values(absl::StrCat("x @ ", (kStart + Hours(9)).millis() / 1000), Hours(1)), V{9});
}

TEST_F(AdhocQueryTest, ReadsNoMoreSamplesThanItMay) {
  for (int i = 0; i < 10; ++i) Commit(i, Minutes(i));
  limits_.samples_max = 10;
  EXPECT_EQ(Values("count_over_time(x[1h])", Minutes(9)), V{10});
  limits_.samples_max = 9;
  EXPECT_EQ(Run("count_over_time(x[1h])", Minutes(9)).status().code(),
            StatusCode::kResourceExhausted);
  const auto constant = Run("1 + 1", Minutes(9));  // asks for no sample
  ASSERT_TRUE(constant.ok()) << constant.status();
  EXPECT_EQ(constant->scalar, 2);
}

// What is read and not wanted costs no memory; samples and labels that are wanted do.
TEST_F(AdhocQueryTest, KeepsNoMoreInMemoryThanItMay) {
  for (int i = 0; i < 100; ++i) Commit({{"__name__", "y"}}, i, Minutes(i), Minutes(i));
  for (int i = 0; i < 10; ++i) Commit(i, Minutes(100 + i));
  limits_.kept_bytes_max = 1000;
  EXPECT_EQ(Values("count_over_time(x[3h])", Minutes(110)), V{10});
  const auto refused = Run("count_over_time(y[3h])", Minutes(110));
  EXPECT_EQ(refused.status().code(), StatusCode::kResourceExhausted);
  EXPECT_TRUE(absl::StrContains(refused.status().message(), "1000 bytes")) << refused.status();
  for (const char* host : {"a", "b", "c"}) {
    Commit({{"__name__", "z"}, {"host", host}, {"text", std::string(300, 't')}}, 1, Minutes(110),
           Minutes(110));
  }
  EXPECT_EQ(Run("z", Minutes(110)).status().code(), StatusCode::kResourceExhausted);
}

TEST_F(AdhocQueryTest, EndsWhenItsTimeIsOver) {
  for (int i = 0; i < 10; ++i) Commit(i, Minutes(i));
  int asked = 0;
  limits_.expired = [&] { return ++asked == 3; };
  const auto result = Run("x", Minutes(9));
  EXPECT_EQ(result.status().code(), StatusCode::kDeadlineExceeded);
  EXPECT_EQ(result.status().message(), "query timed out in expression evaluation");
  EXPECT_EQ(asked, 3);  // records read before
  // Nothing to read, but something to evaluate.
  limits_.expired = [] { return true; };
  EXPECT_EQ(Run("1", Hours(9)).status().code(), StatusCode::kDeadlineExceeded);
}

// Late, early and repeated samples, asked for at many times: what is in blocks gives the same as
// records do.
TEST_F(AdhocQueryTest, BlocksGiveTheSameAsRecords) {
  const Labels y{{"__name__", "y"}, {"a", "1"}};
  for (int i = 0; i < 200; ++i) {
    Commit(i, Minutes(i));
    if (i % 3 == 0) Commit(y, i * 0.5, Minutes(i - i % 40), Minutes(i));
    if (i % 7 == 0) Commit(y, -i, Minutes(i + 5), Minutes(i));
  }
  now_ = Minutes(200);
  const auto ask = [&] {
    std::string all;
    for (int at = 0; at <= 220; at += 9) {
      for (const char* query : {"x", "y", "sum_over_time(x[25m])", "last_over_time(y[1h])",
                                "count_over_time({a=\"1\"}[2h] offset 10m)", "x offset -5m",
                                "rate(x[10m:2m])", "y @ 1700001000"}) {
        for (double value : Values(query, Minutes(at))) absl::StrAppend(&all, value, " ");
        absl::StrAppend(&all, "; ");
      }
    }
    return all;
  };
  const std::string of_records = ask();
  for (int closed = 30; closed <= 210; closed += 30) {
    ASSERT_TRUE(log_->CloseBlock(kStart + Minutes(closed)).ok());
    EXPECT_EQ(ask(), of_records) << "closed up to minute " << closed;
  }
}

TEST_F(AdhocQueryTest, ChunksOfOtherSeriesDoNotCountAsRead) {
  for (int i = 0; i < 100; ++i) Commit({{"__name__", "other"}}, i, Minutes(i), Minutes(i));
  for (int i = 0; i < 10; ++i) Commit(i, Minutes(i));
  now_ = Minutes(100);
  ASSERT_TRUE(log_->CloseBlock(kStart + Minutes(100)).ok());
  limits_.samples_max = 10;
  EXPECT_EQ(Values("count_over_time(x[2h])", Minutes(99)), V({10}));
  limits_.samples_max = 9;
  EXPECT_EQ(Run("count_over_time(x[2h])", Minutes(99)).status().code(),
            StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace tocsin::engine
