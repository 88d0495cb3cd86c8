#include "integrations/ingest/otlp_delta.h"

#include <gtest/gtest.h>

namespace tocsin::ingest {
namespace {

constexpr uint64_t kMs = 1'000'000;

DeltaInterval Interval(uint64_t start_ms, uint64_t end_ms) {
  return {start_ms * kMs, end_ms * kMs};
}

DeltaStreams SmallStreams(size_t streams_max) {
  return DeltaStreams({.streams_max = streams_max,
                       .histogram_bytes_max = 10'000,
                       .idle_ms = 1000,
                       .buckets_max = 4});
}

TEST(DeltaStreamsTest, JudgesIntervalsByTheNewestOne) {
  struct Case {
    const char* why;
    DeltaInterval next;
    DeltaVerdict verdict;
    double total;
    bool start_is_new;
    bool gap;
  };
  const Case cases[] = {
      {"touches", Interval(20, 30), DeltaVerdict::kCounted, 6, false, false},
      {"gap", Interval(21, 30), DeltaVerdict::kCounted, 6, true, true},
      {"no start", Interval(0, 30), DeltaVerdict::kCounted, 6, false, false},
      {"same", Interval(10, 20), DeltaVerdict::kRepeated, 5, true, false},
      {"begins inside", Interval(19, 30), DeltaVerdict::kOverlaps, 0, false, false},
      {"begins before", Interval(5, 30), DeltaVerdict::kOverlaps, 0, false, false},
      {"ends inside", Interval(10, 19), DeltaVerdict::kOutOfOrder, 0, false, false},
      {"ends together", Interval(15, 20), DeltaVerdict::kOutOfOrder, 0, false, false},
      {"before", Interval(1, 10), DeltaVerdict::kOutOfOrder, 0, false, false},
  };
  for (const Case& c : cases) {
    DeltaStreams streams = SmallStreams(10);
    const auto first = streams.Add(1, Interval(10, 20), 5, Timestamp::FromMillis(20));
    EXPECT_EQ(first.verdict, DeltaVerdict::kCounted);
    EXPECT_TRUE(first.start_is_new);
    EXPECT_FALSE(first.gap);
    const auto next = streams.Add(1, c.next, 1, Timestamp::FromMillis(30));
    EXPECT_EQ(next.verdict, c.verdict) << c.why;
    EXPECT_EQ(next.total, c.total) << c.why;
    EXPECT_EQ(next.start_is_new, c.start_is_new) << c.why;
    EXPECT_EQ(next.gap, c.gap) << c.why;
    // What was refused changes nothing.
    const bool refused = next.verdict != DeltaVerdict::kCounted;
    EXPECT_EQ(streams.Add(1, Interval(30, 40), 1, Timestamp::FromMillis(40)).total, refused ? 6 : 7)
        << c.why;
  }
}

TEST(DeltaStreamsTest, FullStreamsMakeRoomOfIdleOnes) {
  DeltaStreams streams = SmallStreams(2);
  streams.Add(1, Interval(10, 20), 1, Timestamp::FromMillis(20));
  streams.Add(2, Interval(10, 1500), 1, Timestamp::FromMillis(1500));
  EXPECT_EQ(streams.Add(3, Interval(10, 1000), 1, Timestamp::FromMillis(1000)).verdict,
            DeltaVerdict::kFull);
  // Not before a minute has passed, since each look goes over all of them.
  EXPECT_EQ(streams.Add(3, Interval(10, 2000), 1, Timestamp::FromMillis(2000)).verdict,
            DeltaVerdict::kFull);
  EXPECT_EQ(streams.streams(), 2u);
  EXPECT_EQ(streams.Add(3, Interval(10, 61'500), 1, Timestamp::FromMillis(61'500)).verdict,
            DeltaVerdict::kCounted);
  EXPECT_EQ(streams.streams(), 1u);
  // A stream that was forgotten begins anew.
  const auto again = streams.Add(1, Interval(61'000, 62'000), 3, Timestamp::FromMillis(62'000));
  EXPECT_EQ(again.total, 3);
  EXPECT_EQ(again.before, 0);
  EXPECT_TRUE(again.start_is_new);
}

HistogramPtr Buckets(std::vector<HistogramBucket> buckets, int32_t schema = 0) {
  auto histogram = std::make_shared<NativeHistogram>();
  histogram->schema = schema;
  histogram->zero_threshold = 1e-128;
  histogram->positive = std::move(buckets);
  for (const HistogramBucket& bucket : histogram->positive) histogram->count += bucket.count;
  return histogram;
}

TEST(DeltaStreamsTest, HistogramsKeepTheirFormerTotals) {
  DeltaStreams streams = SmallStreams(10);
  const auto first = streams.Add(1, Interval(10, 20), Buckets({{1, 2}}), Timestamp::FromMillis(20));
  EXPECT_EQ(first.before->count, 0);
  EXPECT_EQ(first.total->count, 2);
  const auto next =
      streams.Add(1, Interval(20, 30), Buckets({{1, 1}, {3, 4}}), Timestamp::FromMillis(30));
  EXPECT_EQ(next.before->count, 2);
  EXPECT_TRUE(SameHistogram(*next.total, *Buckets({{1, 3}, {3, 4}})));
  EXPECT_EQ(first.total->count, 2);  // what was handed out does not change
}

TEST(DeltaStreamsTest, TooManyBucketsHalveTheResolution) {
  DeltaStreams streams = SmallStreams(10);
  streams.Add(1, Interval(10, 20), Buckets({{1, 1}, {2, 1}, {3, 1}}, 2), Timestamp::FromMillis(20));
  const auto next =
      streams.Add(1, Interval(20, 30), Buckets({{4, 1}, {5, 1}}, 2), Timestamp::FromMillis(30));
  EXPECT_EQ(next.total->schema, 1);
  EXPECT_EQ(next.total->count, 5);
  EXPECT_EQ(next.total->positive.size(), 3u);
}

TEST(DeltaStreamsTest, HistogramsAreLimitedByTheirBytes) {
  DeltaStreams streams = SmallStreams(10);
  int taken = 0;
  for (uint64_t key = 1; key < 1000; ++key) {
    const auto total =
        streams.Add(key, Interval(10, 20), Buckets({{1, 1}}), Timestamp::FromMillis(20));
    if (total.verdict != DeltaVerdict::kCounted) {
      EXPECT_EQ(total.verdict, DeltaVerdict::kFull);
      break;
    }
    ++taken;
  }
  EXPECT_GT(taken, 5);
  EXPECT_LT(taken, 100);
}

}  // namespace
}  // namespace tocsin::ingest
