// Native histograms as samples: in the table, in windows, in results.
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/histogram/text.h"
#include "base/sample.h"
#include "engine/query/query_engine.h"
#include "rules/notation_histogram.h"
#include "rules/promql/parser.h"
#include "tests/query/fixture.h"

namespace tocsin::engine {
namespace {

HistogramPtr H(absl::string_view text) {
  const auto literal = notation::TakeHistogram(&text);
  EXPECT_TRUE(literal.ok()) << literal.status();
  return literal.ok() ? literal->histogram : nullptr;
}

// All samples of a column, "." for floats.
std::string Histograms(const SeriesTable& table, SeriesTable::Slot slot) {
  const Column& column = table.column(slot);
  std::vector<std::string> texts;
  for (uint32_t p = column.begin(); p < column.end(); ++p) {
    const HistogramPtr* found = column.histograms() ? column.histograms()->Find(p) : nullptr;
    EXPECT_EQ(found != nullptr, IsHistogramMark(column.at(p).value));
    texts.push_back(found ? HistogramNotation(**found) : ".");
  }
  return absl::StrJoin(texts, " ");
}

TEST(HistogramColumnTest, MarksContinuedCounters) {
  SeriesTable table;
  const auto slot = table.FindOrAdd(Labels({{"__name__", "h"}}));
  int64_t t = 0;
  for (const char* text : {"{{count:1}}", "{{count:2}}", "{{count:1}}", "{{count:3}}",
                           "{{count:4 counter_reset_hint:gauge}}", "{{count:5}}"}) {
    EXPECT_EQ(table.Append(slot, ++t, H(text)), AppendResult::kAppended);
  }
  EXPECT_EQ(Histograms(table, slot),
            "{{count:1}} {{count:2 counter_reset_hint:not_reset}} {{count:1}} {{count:3 "
            "counter_reset_hint:not_reset}} {{count:4 counter_reset_hint:gauge}} {{count:5}}");
}

TEST(HistogramColumnTest, FloatsAndStaleMarkersInterrupt) {
  SeriesTable table;
  const auto slot = table.FindOrAdd(Labels({{"__name__", "h"}}));
  table.Append(slot, 1, H("{{count:1}}"));
  table.Append(slot, 2, 7.0);
  table.Append(slot, 3, H("{{count:2}}"));
  table.Append(slot, 4, StaleMarker());
  table.Append(slot, 5, H("{{count:3}}"));
  EXPECT_EQ(Histograms(table, slot), "{{count:1}} . {{count:2}} . {{count:3}}");
}

TEST(HistogramColumnTest, LateSamplesComeBetween) {
  SeriesTable table;
  const auto slot = table.FindOrAdd(Labels({{"__name__", "h"}}));
  table.Append(slot, 10, H("{{count:1}}"));
  table.Append(slot, 20, H("{{count:3}}"));
  table.Append(slot, 30, H("{{count:4}}"));
  EXPECT_EQ(table.Append(slot, 15, H("{{count:5}}")), AppendResult::kInserted);
  EXPECT_EQ(table.Append(slot, 25, 7.0), AppendResult::kInserted);
  EXPECT_EQ(table.Append(slot, 15, H("{{count:6}}")), AppendResult::kDuplicate);
  EXPECT_EQ(Histograms(table, slot),
            "{{count:1}} {{count:5 counter_reset_hint:not_reset}} {{count:3}} . {{count:4}}");
}

TEST(HistogramColumnTest, TrimmingLetsGo) {
  SeriesTable table;
  const auto slot = table.FindOrAdd(Labels({{"__name__", "h"}}));
  const HistogramPtr h = H("{{count:1}}");
  for (int64_t t = 1; t <= 100; ++t) table.Append(slot, t, h);
  const std::weak_ptr<const NativeHistogram> first = *table.column(slot).histograms()->Find(0);
  table.SetReach(slot, 10);
  table.Trim(100);
  while (table.column(slot).end() < 105) table.Append(slot, table.column(slot).end() + 1, h);
  EXPECT_TRUE(first.expired());
  const uint32_t begin = table.column(slot).begin();
  EXPECT_EQ(begin, 90u);  // those up to time 90
  EXPECT_TRUE(table.column(slot).histograms()->Any(begin, begin + 1));
  EXPECT_FALSE(table.column(slot).histograms()->Any(0, begin));
  table.Append(slot, 106, H("{{count:2}}"));
  EXPECT_TRUE(absl::EndsWith(Histograms(table, slot), "{{count:2 counter_reset_hint:not_reset}}"));
}

TEST(HistogramColumnTest, FloatWithTheBitsOfTheMarkIsNan) {
  QueryFixture fixture;
  fixture.Append("x", absl::Minutes(1), HistogramMark());
  EXPECT_EQ(fixture.Eval("x", absl::Minutes(1)), "x NaN");
  EXPECT_EQ(fixture.Eval("max_over_time(x[1m])", absl::Minutes(1)), "{} NaN");
}

TEST(HistogramWindowTest, MovesOn) {
  QueryFixture fixture;
  fixture.Load(absl::Minutes(1), "h {{count:1}} 5 stale {{count:3}} {{count:4}} 6");
  const QueryId count = fixture.Add("count_over_time(h[2m])");
  const QueryId last = fixture.Add("last_over_time(h[2m])");
  std::string counts, lasts;
  for (int minute = 0; minute <= 6; ++minute) {
    absl::StrAppend(&counts, fixture.Eval(count, absl::Minutes(minute)), " ");
    absl::StrAppend(&lasts, fixture.Eval(last, absl::Minutes(minute)), "|");
  }
  EXPECT_EQ(counts, "{} 1 {} 2 {} 1 {} 1 {} 2 {} 2 {} 1 ");
  EXPECT_EQ(lasts,
            "h {{count:1}}|h 5|h 5|h {{count:3}}|h {{count:4 counter_reset_hint:not_reset}}|"
            "h 6|h 6|");
}

std::string Matrix(QueryFixture& fixture, const std::string& expr, absl::Duration at) {
  const QueryId query = fixture.Add(expr);
  const auto result = fixture.engine().Evaluate(query, At(at));
  if (!result.ok()) return std::string(result.status().message());
  EXPECT_EQ(result->type, promql::ValueType::kMatrix);
  std::vector<std::string> rows;
  for (const MatrixRow& row : *result->matrix) {
    std::string text = row.labels.ToString();
    for (size_t i = 0; i < row.times_ms.size(); ++i) {
      const HistogramPtr h = row.histograms.empty() ? nullptr : row.histograms[i];
      absl::StrAppend(&text, " ", row.times_ms[i] / 1000, "=",
                      h ? HistogramNotation(*h) : absl::StrCat(row.values[i]));
    }
    rows.push_back(std::move(text));
  }
  return absl::StrJoin(rows, "; ");
}

TEST(MatrixResultTest, SamplesInOrderOfLabels) {
  QueryFixture fixture;
  fixture.Load(absl::Minutes(1), "x{a=\"2\"} 1 2 3\nx{a=\"1\"} 4 stale {{count:6}}\nx{a=\"3\"} 1");
  EXPECT_EQ(Matrix(fixture, "x[2m]", absl::Minutes(2)),
            "x{a=\"1\"} 120={{count:6}}; x{a=\"2\"} 60=2 120=3");
  EXPECT_EQ(Matrix(fixture, "(-x)[2m:1m]", absl::Minutes(1)),
            "{a=\"1\"} 0=-4; {a=\"2\"} 0=-1 60=-2; {a=\"3\"} 0=-1 60=-1");
  EXPECT_EQ(Matrix(fixture, "none[2m]", absl::Minutes(2)), "");
}

}  // namespace
}  // namespace tocsin::engine
