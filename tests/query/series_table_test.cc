// The sample columns: order, duplicates, late samples, trimming, positions.
#include "engine/query/series_table.h"

#include <gtest/gtest.h>

#include <vector>

namespace tocsin::engine {
namespace {

std::vector<int64_t> Times(const SeriesTable& table, SeriesTable::Slot slot) {
  return {table.times(slot).begin(), table.times(slot).end()};
}
std::vector<double> Values(const SeriesTable& table, SeriesTable::Slot slot) {
  return {table.values(slot).begin(), table.values(slot).end()};
}

TEST(SeriesTableTest, EqualLabelsAreOneSlot) {
  SeriesTable table;
  const auto a = table.FindOrAdd({{"__name__", "up"}, {"job", "a"}});
  const auto b = table.FindOrAdd({{"__name__", "up"}, {"job", "b"}});
  EXPECT_NE(a, b);
  EXPECT_EQ(table.FindOrAdd({{"job", "a"}, {"__name__", "up"}}), a);
  EXPECT_EQ(table.Find({{"__name__", "up"}}), std::nullopt);
  EXPECT_EQ(table.size(), 2u);
  EXPECT_EQ(table.labels(b).Get("job"), "b");
}

TEST(SeriesTableTest, LateSamplesTakeTheirPlaceAndTheFirstOfATimeStays) {
  SeriesTable table;
  const auto slot = table.FindOrAdd({{"__name__", "x"}});
  EXPECT_EQ(table.Append(slot, 10, 1), AppendResult::kAppended);
  EXPECT_EQ(table.Append(slot, 30, 3), AppendResult::kAppended);
  EXPECT_EQ(table.rewrites(slot), 0u);
  EXPECT_EQ(table.Append(slot, 20, 2), AppendResult::kInserted);
  EXPECT_EQ(table.Append(slot, 5, 0.5), AppendResult::kInserted);
  EXPECT_EQ(table.rewrites(slot), 2u);
  const uint64_t changes = table.changes();
  EXPECT_EQ(table.Append(slot, 20, 99), AppendResult::kDuplicate);
  EXPECT_EQ(table.Append(slot, 30, 99), AppendResult::kDuplicate);
  EXPECT_EQ(table.changes(), changes);
  EXPECT_EQ(Times(table, slot), (std::vector<int64_t>{5, 10, 20, 30}));
  EXPECT_EQ(Values(table, slot), (std::vector<double>{0.5, 1, 2, 3}));
}

TEST(SeriesTableTest, TrimKeepsTheNewestAndCountsWhatItDrops) {
  SeriesTable table;
  const auto slot = table.FindOrAdd({{"__name__", "x"}});
  for (int64_t t = 1; t <= 5; ++t) table.Append(slot, t * 10, static_cast<double>(t));
  table.Trim(slot, 20);
  EXPECT_EQ(Times(table, slot), (std::vector<int64_t>{30, 40, 50}));
  EXPECT_EQ(table.dropped(slot), 2u);
  EXPECT_EQ(table.Append(slot, 15, 0), AppendResult::kTooOld);
  EXPECT_EQ(table.Append(slot, 25, 2.5), AppendResult::kInserted);  // still inside what is kept
  table.Trim(slot, 1000);
  EXPECT_EQ(Times(table, slot), (std::vector<int64_t>{50}));
  EXPECT_EQ(table.Append(slot, 50, 9), AppendResult::kDuplicate);
  EXPECT_EQ(table.Append(slot, 45, 9), AppendResult::kTooOld);
  EXPECT_EQ(table.Append(slot, 60, 6), AppendResult::kAppended);
  EXPECT_EQ(Values(table, slot), (std::vector<double>{5, 6}));
}

// A long stream with a sliding window keeps its samples and its memory.
TEST(SeriesTableTest, SteadyStreamUsesBoundedMemory) {
  SeriesTable table;
  const auto slot = table.FindOrAdd({{"__name__", "x"}});
  for (int64_t t = 0; t < 10'000; ++t) {
    ASSERT_EQ(table.Append(slot, t, static_cast<double>(t)), AppendResult::kAppended);
    table.Trim(slot, t - 30);
    ASSERT_EQ(table.times(slot).back(), t);
    ASSERT_EQ(table.values(slot).back(), static_cast<double>(t));
    ASSERT_EQ(table.dropped(slot) + table.times(slot).size(), static_cast<uint64_t>(t + 1));
    ASSERT_LE(table.column(slot).capacity(), 48u);
  }
  EXPECT_EQ(table.times(slot).front(), 9970);
  table.Trim(slot, 20'000);
  EXPECT_LE(table.column(slot).capacity(), 8u);
}

}  // namespace
}  // namespace tocsin::engine
