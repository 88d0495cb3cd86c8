#include "engine/query/dead_series.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/random.h"

namespace tocsin::engine {
namespace {

constexpr int64_t kReach = 300;

SeriesTable::Slot Add(SeriesTable& table, int number, int64_t time, int64_t reach = kReach) {
  const auto slot = table.FindOrAdd({{"__name__", "x"}, {"pod", absl::StrCat(number)}});
  table.SetReach(slot, reach);
  table.Append(slot, time, 1);
  return slot;
}

TEST(DeadSeriesTest, WhereEverythingLivesItIsWalkedOncePerReach) {
  SeriesTable table;
  DeadSeries dead(table, 64);
  for (int64_t t = 0; t < 10 * kReach; t += 10) {
    for (int pod = 0; pod < 1000; ++pod) Add(table, pod, t);
    if (t == 0) {
      for (int pod = 0; pod < 1000; ++pod) dead.SeriesCame();
    }
    EXPECT_TRUE(dead.EnoughAt(t).empty());
  }
  EXPECT_LE(dead.walks(), 11u);
}

TEST(DeadSeriesTest, NewSeriesMayBeDeadAtOnce) {
  SeriesTable table;
  DeadSeries dead(table, 10);
  for (int pod = 0; pod < 20; ++pod) Add(table, pod, 1000);
  EXPECT_TRUE(dead.EnoughAt(1000).empty());
  for (int pod = 20; pod < 30; ++pod) {
    Add(table, pod, 500);
    dead.SeriesCame();
  }
  EXPECT_EQ(dead.EnoughAt(1000).size(), 10u);
}

TEST(DeadSeriesTest, AShorterReachKillsOnceItIsTold) {
  SeriesTable table;
  DeadSeries dead(table, 10);
  for (int pod = 0; pod < 20; ++pod) Add(table, pod, 1000);
  EXPECT_TRUE(dead.EnoughAt(1100).empty());
  for (SeriesTable::Slot slot = 0; slot < 20; ++slot) table.SetReach(slot, 50);
  dead.ReachesChanged();
  EXPECT_EQ(dead.EnoughAt(1100).size(), 20u);
}

// What the walks that were left out would have found: nothing.
TEST(DeadSeriesTest, FindsAtEachTimeWhatAWalkOfAllWouldFind) {
  SeededRandom random(7);
  SeriesTable table;
  DeadSeries seldom(table, 8);
  int next = 0;
  size_t given_up = 0, rounds_with_dead = 0;
  for (int64_t t = 1000; t < 60'000; t += 10) {
    const auto came = (random.Next() % 4) == 0 ? (random.Next() % 6) : 0;
    for (uint64_t i = 0; i < came; ++i) {
      Add(table, next++, t - static_cast<int64_t>((random.Next() % 400)),
          50 + static_cast<int64_t>(random.Next() % 300));
      seldom.SeriesCame();
    }
    for (SeriesTable::Slot slot = 0; slot < table.size(); ++slot) {
      if (table.Holds(slot) && (random.Next() % 20) == 0) table.Append(slot, t, 1);
    }
    DeadSeries always(table, 8);
    const auto expected = always.EnoughAt(t);
    const auto found = seldom.EnoughAt(t);
    ASSERT_EQ(found, expected) << "at " << t;
    for (SeriesTable::Slot slot : found) table.Remove(slot);
    given_up += found.size();
    rounds_with_dead += found.empty() ? 0 : 1;
  }
  EXPECT_GT(given_up, 1000u);
  EXPECT_LT(seldom.walks(), 5000u) << "of 5900; given up in " << rounds_with_dead;
}

}  // namespace
}  // namespace tocsin::engine
