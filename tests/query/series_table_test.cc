// Slots of series, and what lies apart for every evaluation.
#include "engine/query/series_table.h"

#include <gtest/gtest.h>

namespace tocsin::engine {
namespace {

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

TEST(SeriesTableTest, NewestSampleAndVersionFollowTheColumn) {
  SeriesTable table;
  const auto slot = table.FindOrAdd({{"__name__", "x"}});
  EXPECT_EQ(table.newest_times()[slot], INT64_MIN);
  EXPECT_EQ(table.versions()[slot], 0u);
  EXPECT_EQ(table.Append(slot, 10, 1), AppendResult::kAppended);
  EXPECT_EQ(table.Append(slot, 30, 3), AppendResult::kAppended);
  EXPECT_EQ(table.newest_times()[slot], 30);
  EXPECT_EQ(table.newest_values()[slot], 3);
  EXPECT_EQ(table.versions()[slot], 2u);
  EXPECT_EQ(table.Append(slot, 20, 2), AppendResult::kInserted);
  EXPECT_EQ(table.newest_times()[slot], 30);
  EXPECT_EQ(table.versions()[slot], 3u);
  const uint64_t changes = table.changes();
  EXPECT_EQ(table.Append(slot, 20, 99), AppendResult::kDuplicate);
  EXPECT_EQ(table.changes(), changes);
  EXPECT_EQ(table.versions()[slot], 3u);
}

// Each as far back as it says; memory is given back when a column is about to grow.
TEST(SeriesTableTest, KeepsWhatItsReachNeedsAndRefusesWhatIsOlder) {
  SeriesTable table;
  const auto near = table.FindOrAdd({{"__name__", "near"}});
  const auto far = table.FindOrAdd({{"__name__", "far"}});
  const auto ever = table.FindOrAdd({{"__name__", "ever"}});
  table.SetReach(near, 100);
  table.SetReach(far, 1000);
  for (int64_t t = 0; t < 4000; t += 10) {
    table.Trim(t);
    for (const auto slot : {near, far, ever}) table.Append(slot, t, 1);
  }
  const auto kept = [&](SeriesTable::Slot slot) { return table.column(slot).size(); };
  EXPECT_GE(kept(near), 10u);
  EXPECT_LE(kept(near), 50u);
  EXPECT_GE(kept(far), 100u);
  EXPECT_LE(kept(far), 180u);
  EXPECT_EQ(kept(ever), 400u);
  EXPECT_EQ(table.Append(near, 3885, 2), AppendResult::kTooOld);
  EXPECT_EQ(table.Append(far, 2985, 2), AppendResult::kTooOld);
  EXPECT_EQ(table.Append(far, 2995, 2), AppendResult::kInserted);
  EXPECT_EQ(table.Append(ever, -1, 2), AppendResult::kInserted);
}

TEST(SeriesTableTest, SlotOfARemovedSeriesBecomesThatOfTheNextNewOne) {
  SeriesTable table;
  const Labels x{{"__name__", "x"}}, y{{"__name__", "y"}}, z{{"__name__", "z"}};
  const auto slot = table.FindOrAdd(x);
  const auto other = table.FindOrAdd(y);
  table.Append(slot, 10, 1);
  table.SetReach(slot, 5);
  table.Trim(10);
  table.Remove(slot);
  EXPECT_FALSE(table.Holds(slot));
  EXPECT_FALSE(table.Find(x));
  EXPECT_EQ(table.series(), 1u);
  EXPECT_EQ(table.FindOrAdd(z), slot);
  EXPECT_EQ(table.labels(slot), z);
  EXPECT_EQ(table.column(slot).size(), 0u);
  EXPECT_EQ(table.newest_times()[slot], INT64_MIN);
  EXPECT_EQ(table.Append(slot, 3, 1), AppendResult::kAppended) << "nothing is left of the old one";
  EXPECT_NE(table.FindOrAdd(x), other);
  EXPECT_EQ(table.size(), 3u);
}

}  // namespace
}  // namespace tocsin::engine
