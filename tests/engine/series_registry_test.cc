#include "engine/series_registry.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

namespace tocsin::engine {
namespace {

using absl::StatusCode;

Labels Numbered(int i) {
  return Labels{{"__name__", "up"}, {"n", std::to_string(i)}};
}

std::vector<SeriesRef> Refs(const std::vector<storage::NewSeries>& series) {
  std::vector<SeriesRef> refs;
  for (const auto& one : series) refs.push_back(one.ref);
  return refs;
}

TEST(SeriesRegistryTest, EqualLabelsHaveOneReferenceCountedFromOne) {
  SeriesRegistry registry{Limits()};
  EXPECT_EQ(*registry.Resolve(Labels{{"__name__", "up"}, {"a", "1"}, {"b", "2"}}), 1u);
  EXPECT_EQ(*registry.Resolve(Labels{{"__name__", "up"}, {"a", "2"}, {"b", "1"}}), 2u);
  EXPECT_EQ(*registry.Resolve(Labels{{"b", "2"}, {"a", "1"}, {"__name__", "up"}}), 1u);
  EXPECT_EQ(registry.size(), 2u);
  EXPECT_EQ(registry.Get(2).Get("a"), "2");
  EXPECT_TRUE(registry.Get(0).empty());
  EXPECT_TRUE(registry.Get(3).empty());
}

TEST(SeriesRegistryTest, FullRegistryRefusesNewSeriesButKnowsTheOldOnes) {
  Limits limits;
  limits.series_max = 2;
  SeriesRegistry registry(limits);
  ASSERT_TRUE(registry.Resolve(Numbered(1)).ok());
  ASSERT_TRUE(registry.Resolve(Numbered(2)).ok());
  EXPECT_EQ(registry.Resolve(Numbered(3)).status().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(*registry.Resolve(Numbered(2)), 2u);
  EXPECT_EQ(registry.size(), 2u);
  EXPECT_EQ(registry.TakeNew().size(), 2u);
}

// A sender that floods is refused its new series; others still get theirs, and everybody's known
// series go on.
TEST(SeriesRegistryTest, ASenderThatFloodsLeavesRoomForOthers) {
  Limits limits;
  limits.series_max = 10;
  limits.series_per_sender_max = 6;
  SeriesRegistry registry(limits);
  ASSERT_TRUE(registry.Resolve(Numbered(0), "10.0.0.2").ok());
  for (int i = 1; i <= 6; ++i) ASSERT_TRUE(registry.Resolve(Numbered(i), "10.0.0.1").ok()) << i;
  const auto refused = registry.Resolve(Numbered(7), "10.0.0.1").status();
  EXPECT_EQ(refused.code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(std::string(refused.message()), "series_per_sender_max (6) reached by 10.0.0.1");
  EXPECT_EQ(*registry.Resolve(Numbered(3), "10.0.0.1"), 4u) << "a known series";
  EXPECT_EQ(*registry.Resolve(Numbered(0), "10.0.0.1"), 1u) << "also if another one brought it";
  EXPECT_TRUE(registry.Resolve(Numbered(7), "10.0.0.2").ok());
  EXPECT_EQ(*registry.Resolve(Numbered(7), "10.0.0.1"), 8u) << "known by now";
  EXPECT_TRUE(registry.Resolve(Numbered(8)).ok()) << "what rules record is nobody's";
  EXPECT_TRUE(registry.Resolve(Numbered(9), "10.0.0.3").ok());
  EXPECT_EQ(std::string(registry.Resolve(Numbered(10), "10.0.0.3").status().message()),
            "series_max (10) reached");
}

TEST(SeriesRegistryTest, SendersBeyondCountingShareOneCount) {
  Limits limits;
  limits.series_per_sender_max = 2;
  SeriesRegistry registry(limits);
  int next = 0;
  for (int sender = 0; sender < 10'000; ++sender) {
    ASSERT_TRUE(registry.Resolve(Numbered(next++), std::to_string(sender)).ok());
  }
  EXPECT_TRUE(registry.Resolve(Numbered(next++), "a").ok());
  EXPECT_TRUE(registry.Resolve(Numbered(next++), "b").ok());
  EXPECT_FALSE(registry.Resolve(Numbered(next++), "c").ok());
  EXPECT_TRUE(registry.Resolve(Numbered(next++), "17").ok()) << "one that is counted by itself";
}

// Each limit: the largest label set that is taken, and one step more.
TEST(SeriesRegistryTest, LabelsBeyondTheirLimitsAreInvalid) {
  Limits limits;
  limits.labels_per_series_max = 3;
  limits.label_name_bytes_max = 8;  // "__name__" itself
  limits.label_value_bytes_max = 4;
  const struct {
    const char* what;
    Labels labels;
    StatusCode code;
  } kCases[] = {
      {"fits", {{"__name__", "cpus"}, {"nine_not", "4444"}, {"c", "3"}}, StatusCode::kOk},
      {"name of 9", {{"__name__", "cpus"}, {"nine_here", "4"}}, StatusCode::kInvalidArgument},
      {"value of 5", {{"__name__", "cpus"}, {"a", "55555"}}, StatusCode::kInvalidArgument},
      {"metric of 5", {{"__name__", "cpu_s"}}, StatusCode::kInvalidArgument},
      {"4 labels",
       {{"__name__", "cpus"}, {"a", "1"}, {"b", "2"}, {"c", "3"}},
       StatusCode::kInvalidArgument},
      {"no metric name", {{"a", "1"}}, StatusCode::kInvalidArgument},
      {"nothing", {}, StatusCode::kInvalidArgument},
  };
  SeriesRegistry registry(limits);
  for (const auto& c : kCases) {
    EXPECT_EQ(registry.Resolve(c.labels).status().code(), c.code) << c.what;
  }
  EXPECT_EQ(registry.size(), 1u) << "what was refused leaves nothing behind";
  EXPECT_EQ(registry.TakeNew().size(), 1u);
}

TEST(SeriesRegistryTest, NewSeriesAreTakenOnceAndComeBackInOrder) {
  SeriesRegistry registry{Limits()};
  ASSERT_TRUE(registry.Resolve(Numbered(1)).ok());
  ASSERT_TRUE(registry.Resolve(Numbered(2)).ok());
  auto taken = registry.TakeNew();
  EXPECT_EQ(Refs(taken), std::vector<SeriesRef>({1, 2}));
  EXPECT_EQ(taken[1].labels, Numbered(2));
  EXPECT_TRUE(registry.TakeNew().empty());
  // A third one comes while the write of the first two fails.
  ASSERT_TRUE(registry.Resolve(Numbered(3)).ok());
  registry.GiveBack(std::move(taken));
  EXPECT_EQ(Refs(registry.TakeNew()), std::vector<SeriesRef>({1, 2, 3}));
}

TEST(SeriesRegistryTest, RestoredSeriesKeepTheirReferencesAndAreNotNew) {
  SeriesRegistry registry{Limits()};
  registry.Restore(1, Numbered(1));
  registry.Restore(4, Numbered(4));  // 2 and 3 were never committed
  EXPECT_EQ(registry.size(), 2u);
  EXPECT_TRUE(registry.Get(2).empty());
  EXPECT_EQ(registry.Get(4), Numbered(4));
  EXPECT_EQ(*registry.Resolve(Numbered(4)), 4u);
  EXPECT_TRUE(registry.TakeNew().empty());
  EXPECT_EQ(*registry.Resolve(Numbered(2)), 5u) << "references are never given twice";
  EXPECT_EQ(Refs(registry.TakeNew()), std::vector<SeriesRef>({5}));
}

TEST(SeriesRegistryDeathTest, RestoreOutOfOrderIsABug) {
  SeriesRegistry registry{Limits()};
  registry.Restore(2, Numbered(2));
  EXPECT_DEATH(registry.Restore(2, Numbered(3)), "out of order");
}

// More than one slice, so that their seam is crossed.
TEST(SeriesRegistryTest, ForEachVisitsEverySeriesOnce) {
  constexpr int kSeries = 9000;
  SeriesRegistry registry{Limits()};
  for (int i = 1; i <= kSeries; ++i) ASSERT_TRUE(registry.Resolve(Numbered(i)).ok());
  SeriesRef expected = 1;
  registry.ForEach([&](SeriesRef ref, const Labels& labels) {
    ASSERT_EQ(ref, expected++);
    ASSERT_EQ(labels, Numbered(static_cast<int>(ref)));
  });
  EXPECT_EQ(expected, kSeries + 1u);
}

// The limits are checked between two locks: both must come to the same reference.
TEST(SeriesRegistryTest, ThreadsThatMeetANewSeriesAgreeOnItsReference) {
  constexpr int kSeries = 2000;
  SeriesRegistry registry{Limits()};
  std::vector<std::vector<SeriesRef>> seen(4);
  std::vector<std::thread> threads;
  for (auto& refs : seen) {
    threads.emplace_back([&registry, &refs] {
      for (int i = 0; i < kSeries; ++i) refs.push_back(registry.Resolve(Numbered(i)).value_or(0));
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(seen[1], seen[0]);
  EXPECT_EQ(seen[2], seen[0]);
  EXPECT_EQ(seen[3], seen[0]);
  EXPECT_EQ(registry.TakeNew().size(), static_cast<size_t>(kSeries));
}

}  // namespace
}  // namespace tocsin::engine
