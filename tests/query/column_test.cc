// Columns of samples: order, duplicates, late samples, trimming, positions; and chunks, which give
// back every bit of what was put in.
#include "engine/query/column.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <random>

namespace tocsin::engine {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<int64_t> Times(const Column& column) {
  std::vector<int64_t> times;
  column.ForEach(column.begin(), column.end(),
                 [&](uint32_t, const Sample& sample) { times.push_back(sample.time_ms); });
  return times;
}
std::vector<double> Values(const Column& column) {
  std::vector<double> values;
  column.ForEach(column.begin(), column.end(),
                 [&](uint32_t, const Sample& sample) { values.push_back(sample.value); });
  return values;
}

TEST(ColumnTest, LateSamplesTakeTheirPlaceAndTheFirstOfATimeStays) {
  Column column;
  EXPECT_EQ(column.Append(10, 1), AppendResult::kAppended);
  EXPECT_EQ(column.Append(30, 3), AppendResult::kAppended);
  EXPECT_EQ(column.rewrites(), 0u);
  EXPECT_EQ(column.Append(20, 2), AppendResult::kInserted);
  EXPECT_EQ(column.Append(5, 0.5), AppendResult::kInserted);
  EXPECT_EQ(column.rewrites(), 2u);
  EXPECT_EQ(column.Append(20, 99), AppendResult::kDuplicate);
  EXPECT_EQ(column.Append(30, 99), AppendResult::kDuplicate);
  EXPECT_EQ(Times(column), (std::vector<int64_t>{5, 10, 20, 30}));
  EXPECT_EQ(Values(column), (std::vector<double>{0.5, 1, 2, 3}));
}

TEST(ColumnTest, TellsBeforeWhichPositionNothingWasRewritten) {
  Column column;
  for (int64_t t = 1; t <= 40; ++t) column.Append(t * 10, 0);
  const uint32_t since = column.rewrites();
  EXPECT_TRUE(column.KeptBefore(40, since));
  column.Append(355, 1);  // at position 35
  column.Append(305, 1);  // at position 30
  column.Append(375, 1);
  EXPECT_TRUE(column.KeptBefore(30, since));
  EXPECT_FALSE(column.KeptBefore(31, since));
  // Whoever has seen these need not hear of them again.
  const uint32_t seen = column.rewrites();
  column.TakeNote();
  EXPECT_TRUE(column.KeptBefore(30, since));
  column.Replace(column.newest().time_ms, 2);
  column.Remove(390);
  EXPECT_TRUE(column.KeptBefore(41, seen));
  EXPECT_FALSE(column.KeptBefore(42, seen));
  EXPECT_FALSE(column.KeptBefore(1, since));
  column.Clear();
  EXPECT_FALSE(column.KeptBefore(1, seen));
}

TEST(ColumnTest, ReplacesTheNewestAndOlderOnes) {
  Column column;
  for (int64_t t = 0; t < 40; ++t) column.Append(t * 10, static_cast<double>(t));
  column.Replace(390, -1);
  column.Replace(50, -2);
  column.Append(400, -3);
  EXPECT_EQ(column.rewrites(), 2u);
  EXPECT_EQ(column.size(), 41u);
  for (uint32_t p = 0; p < 40; ++p) {
    EXPECT_EQ(column.at(p).value, p == 39 ? -1.0 : p == 5 ? -2.0 : p) << p;
  }
}

TEST(ColumnTest, TrimDropsWholeChunksAndNothingOlderIsTakenAgain) {
  Column column;
  for (int64_t t = 1; t <= 80; ++t) column.Append(t * 10, static_cast<double>(t));
  column.Trim(330);  // the first chunk holds 10 to 320
  EXPECT_EQ(column.begin(), 32u);
  EXPECT_EQ(Times(column).front(), 330);
  EXPECT_EQ(column.Append(325, 0), AppendResult::kTooOld);
  EXPECT_EQ(column.Append(330, 0), AppendResult::kDuplicate);
  EXPECT_EQ(column.Append(335, 33.5), AppendResult::kInserted);
  column.Trim(1000);
  EXPECT_EQ(Times(column).back(), 800);
  EXPECT_EQ(column.Append(800, 9), AppendResult::kDuplicate);
  EXPECT_EQ(column.Append(999, 9), AppendResult::kTooOld);
  EXPECT_EQ(column.Append(1001, 6), AppendResult::kAppended);
}

TEST(ColumnTest, PositionsStayWhenTheFrontGoes) {
  Column column;
  for (int64_t t = 0; t < 300; ++t) {
    column.Append(t, static_cast<double>(t));
    column.Trim(t - 100);
    for (uint32_t p = column.begin(); p < column.end(); ++p) ASSERT_EQ(column.at(p).time_ms, p);
    ASSERT_LE(column.begin() + 100, static_cast<uint32_t>(t + 100));
  }
  EXPECT_EQ(column.rewrites(), 0u);
}

// A long stream with a sliding window keeps its samples and its memory.
TEST(ColumnTest, SteadyStreamUsesBoundedMemory) {
  Column column;
  for (int64_t t = 0; t < 10'000; ++t) {
    ASSERT_EQ(column.Append(t * 10'000, static_cast<double>(t % 50)), AppendResult::kAppended);
    column.Trim((t - 30) * 10'000);
    ASSERT_EQ(column.newest().time_ms, t * 10'000);
    ASSERT_EQ(column.end(), static_cast<uint32_t>(t + 1));
    ASSERT_LE(column.size(), 48u);
    ASSERT_LE(column.bytes(), 200u);  // 104 of them for the newest
  }
}

// What a window needs is there, whether it fits one chunk or not.
TEST(ColumnTest, WindowsOfAnyLengthKeepTheirSamples) {
  for (const int64_t window : {1, 7, 8, 9, 24, 30, 32, 33, 39, 40, 41, 48, 63, 64, 65, 130, 200}) {
    Column column;
    for (int64_t t = 1; t <= 1'000; ++t) {
      ASSERT_EQ(column.Append(t, static_cast<double>(t)), AppendResult::kAppended);
      column.Trim(t - window);
      const int64_t oldest = std::max<int64_t>(t - window + 1, 1);
      ASSERT_LE(column.time(column.begin()), oldest) << window;
      ASSERT_LE(column.size(), static_cast<size_t>(window + 64 + 8)) << window;
      const uint32_t from = column.FirstAfter(oldest - 1);
      ASSERT_EQ(column.end() - from, t - oldest + 1) << window;
      for (uint32_t p = from; p < column.end(); ++p) {
        ASSERT_EQ(column.time(p), oldest + p - from) << window;
        ASSERT_EQ(column.at(p).value, static_cast<double>(oldest + p - from)) << window;
      }
    }
  }
}

TEST(ColumnTest, RegularDecimalsTakeTwoBytesASample) {
  Column column;
  for (int64_t t = 0; t < 360; ++t) {
    column.Append(t * 10'000, static_cast<double>((t * 7919) % 10'000) / 100);
  }
  EXPECT_LT(column.bytes(), 1400u);
}

TEST(ColumnTest, GapsBeyondWhatOneChunkSpans) {
  Column column;
  const int64_t year = int64_t{365} * 86'400'000;
  for (int64_t i = 0; i < 40; ++i) column.Append(i * year, static_cast<double>(i));
  for (uint32_t p = 0; p < 40; ++p) {
    EXPECT_EQ(column.at(p).time_ms, p * year);
    EXPECT_EQ(column.at(p).value, p);
  }
  EXPECT_EQ(column.FirstAfter(20 * year), 21u);
}

// What random values look like: each kind stresses another way of packing.
double RandomValue(int kind, int64_t i, std::mt19937_64& random) {
  switch (kind) {
    case 0:
      return static_cast<double>(i * 100 + static_cast<int64_t>(random() % 37));  // a counter
    case 1:
      return static_cast<double>(static_cast<int64_t>(random() % 20'000) - 10'000) / 100;
    case 2:
      return std::bit_cast<double>(random());
    case 3:
      return std::uniform_real_distribution<double>(-1, 1)(random);
    case 4: {
      const double odd[] = {0.0,           -0.0,  kInfinity, -kInfinity,         std::nan(""),
                            StaleMarker(), 1e300, 5e-324,    9007199254740993.0, 0.1};
      return odd[random() % std::size(odd)];
    }
    default:
      return 42;
  }
}

struct Model {
  std::map<int64_t, double> samples;
  void ExpectSame(const Column& column) const {
    ASSERT_GE(column.size(), samples.size());
    auto expected = samples.rbegin();
    for (uint32_t p = column.end(); p > column.begin() && expected != samples.rend(); --p) {
      const Sample sample = column.at(p - 1);
      ASSERT_EQ(sample.time_ms, expected->first);
      ASSERT_EQ(std::bit_cast<uint64_t>(sample.value), std::bit_cast<uint64_t>(expected->second));
      ASSERT_EQ(column.time(p - 1), sample.time_ms);
      ++expected;
    }
    ASSERT_EQ(expected, samples.rend());
  }
};

class RandomColumnTest : public testing::TestWithParam<int> {};

TEST_P(RandomColumnTest, EqualsAMapOfTimesAndValues) {
  std::mt19937_64 random(static_cast<uint64_t>(GetParam()) + 7);
  for (int round = 0; round < 40; ++round) {
    Column column;
    Model model;
    int64_t now = static_cast<int64_t>(random() % 1000);
    const bool regular = round % 2 == 0;
    for (int64_t i = 0; i < 300; ++i) {
      now += regular ? 10'000 : 1 + static_cast<int64_t>(random() % 20'000);
      const double value = RandomValue(GetParam(), i, random);
      column.Append(now, value);
      model.samples[now] = value;
      if (random() % 20 == 0) {  // late, maybe a duplicate
        const int64_t late = now - static_cast<int64_t>(random() % 500'000);
        if (column.Append(late, value) == AppendResult::kInserted) model.samples[late] = value;
      }
      if (random() % 40 == 0) {
        auto it = model.samples.begin();
        std::advance(it, random() % model.samples.size());
        if (random() % 2 == 0 && model.samples.size() > 1 && it->first != now) {
          column.Remove(it->first);
          model.samples.erase(it);
        } else {
          it->second = RandomValue(GetParam(), i, random);
          column.Replace(it->first, it->second);
        }
      }
      if (random() % 30 == 0) {
        const int64_t keep_after = now - 800'000;
        column.Trim(keep_after);
        model.samples.erase(model.samples.begin(), model.samples.upper_bound(keep_after));
      }
      const int64_t asked = now - static_cast<int64_t>(random() % 700'000);
      const uint32_t after = column.FirstAfter(asked);
      ASSERT_TRUE(after == column.end() || column.time(after) > asked);
      ASSERT_TRUE(after == column.begin() || column.time(after - 1) <= asked);
    }
    model.ExpectSame(column);
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, RandomColumnTest, testing::Range(0, 6));

}  // namespace
}  // namespace tocsin::engine
