#include "integrations/ingest/resource_watch.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace tocsin::ingest {
namespace {

constexpr int64_t kMinuteMs = 60'000;

class ResourceWatchTest : public testing::Test {
 protected:
  // "series=value" of what is due.
  std::vector<std::string> StepAt(int64_t now_ms) {
    const SampleBatch batch = watch_.Step(Timestamp::FromMillis(now_ms));
    std::vector<std::string> due;
    for (size_t i = 0; i < batch.size(); ++i) {
      EXPECT_EQ(batch.times_ms[i], now_ms);
      due.push_back(
          absl::StrCat(batch.refs[i], "=",
                       IsStaleMarker(batch.values[i]) ? "stale" : absl::StrCat(batch.values[i])));
    }
    return due;
  }
  bool SeenAt(SeriesRef series, int64_t now_ms) {
    return watch_.Seen(series, Timestamp::FromMillis(now_ms));
  }
  using Due = std::vector<std::string>;

  ResourceWatch watch_{{.resources_max = 2}};
};

TEST_F(ResourceWatchTest, IsOneWhileItSendsAndZeroWhenItIsSilent) {
  EXPECT_TRUE(SeenAt(7, 0));
  EXPECT_EQ(StepAt(1000), Due());
  EXPECT_FALSE(SeenAt(7, 5000));  // a sample of late is enough
  EXPECT_TRUE(SeenAt(7, 10'000));
  EXPECT_EQ(StepAt(10'000 + kMinuteMs), Due({"7=1"}));  // so that queries see it
  EXPECT_EQ(StepAt(10'000 + kMinuteMs + 1), Due());
  EXPECT_EQ(StepAt(10'000 + 5 * kMinuteMs - 1), Due({"7=1"}));
  EXPECT_EQ(StepAt(10'000 + 5 * kMinuteMs), Due({"7=0"}));
  EXPECT_EQ(StepAt(10'000 + 5 * kMinuteMs + 1), Due());
  EXPECT_EQ(StepAt(10'000 + 6 * kMinuteMs), Due({"7=0"}));
  EXPECT_TRUE(SeenAt(7, 7 * kMinuteMs));  // back at once
  EXPECT_EQ(StepAt(8 * kMinuteMs), Due({"7=1"}));
}

TEST_F(ResourceWatchTest, EndsWhenItIsForgotten) {
  SeenAt(7, 0);
  const int64_t day_ms = 24 * 60 * kMinuteMs;
  EXPECT_EQ(StepAt(day_ms - 1), Due({"7=0"}));
  EXPECT_EQ(StepAt(day_ms), Due({"7=stale"}));
  EXPECT_EQ(StepAt(day_ms + kMinuteMs), Due());
  EXPECT_EQ(watch_.resources(), 0u);
  EXPECT_TRUE(SeenAt(7, day_ms + kMinuteMs));
}

TEST_F(ResourceWatchTest, TooManyAreNotWatched) {
  EXPECT_TRUE(SeenAt(1, 0));
  EXPECT_TRUE(SeenAt(2, 0));
  EXPECT_FALSE(SeenAt(3, 0));
  EXPECT_EQ(watch_.resources(), 2u);
  EXPECT_EQ(watch_.refused(), 1u);
}

// One that went while we were down has the time it would have had from our start on.
TEST_F(ResourceWatchTest, RecoveredOnesTurnZeroUnlessTheySend) {
  watch_.Recover(1, true, Timestamp::FromMillis(1000));
  watch_.Recover(2, false, Timestamp::FromMillis(1000));
  const SampleBatch first = watch_.Step(Timestamp::FromMillis(1000));
  ASSERT_EQ(first.size(), 2u);
  for (size_t i = 0; i < 2; ++i) EXPECT_EQ(first.values[i], first.refs[i] == 1 ? 1 : 0);
  EXPECT_TRUE(SeenAt(2, 2000));
  SeenAt(2, 5 * kMinuteMs);
  const SampleBatch later = watch_.Step(Timestamp::FromMillis(1000 + 5 * kMinuteMs));
  ASSERT_EQ(later.size(), 1u);
  EXPECT_EQ(later.refs[0], 1u);
  EXPECT_EQ(later.values[0], 0);
}

}  // namespace
}  // namespace tocsin::ingest
