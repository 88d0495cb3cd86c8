// What becomes a block when, what goes when, and that failures are repeated.
#include "engine/upkeep.h"

#include <gtest/gtest.h>

#include "storage/memory_store.h"
#include "tests/support/faulty_store.h"

namespace tocsin::engine {
namespace {

using absl::Hours;
using absl::Minutes;

constexpr Timestamp kStart = Timestamp::FromMillis(1'700'000'000'000 / 1'800'000 * 1'800'000);

class UpkeepTest : public ::testing::Test {
 protected:
  UpkeepTest() : log_(*storage::OpenSampleLog(store_)) {}

  // One record every minute of [from, to).
  void Commit(int from, int to) {
    for (int minute = from; minute < to; ++minute) {
      SampleBatch batch;
      const Timestamp t = kStart + Minutes(minute);
      batch.Add(1, t.millis(), minute);
      ASSERT_TRUE(log_->Append(batch, {}, t).ok());
    }
  }
  void Step(int minute, absl::Duration reach = Minutes(5)) {
    if (upkeep_ == nullptr) {
      upkeep_ = std::make_unique<Upkeep>(options_, store_, *log_, metrics_);
    }
    upkeep_->Step(kStart + Minutes(minute), reach);
  }
  // Minutes since the start, of each block's first record.
  std::vector<int64_t> Blocks() const {
    std::vector<int64_t> minutes;
    for (const storage::Block& block : log_->blocks()) {
      minutes.push_back(absl::ToInt64Minutes(block.first_committed - kStart));
    }
    return minutes;
  }
  using Minute = std::vector<int64_t>;

  UpkeepOptions options_;
  storage::MemoryStore disk_;
  storage::FaultyStore store_{disk_};
  std::unique_ptr<storage::SampleLog> log_;
  Metrics metrics_;
  std::unique_ptr<Upkeep> upkeep_;
};

TEST_F(UpkeepTest, HalfHoursBecomeBlocksOnceTheyAreOver) {
  Commit(0, 30);
  Step(29);
  EXPECT_EQ(Blocks(), Minute({}));
  Step(30);
  EXPECT_EQ(Blocks(), Minute({0}));
  Commit(30, 45);
  Step(45);
  EXPECT_EQ(Blocks(), Minute({0}));
  Step(60);
  EXPECT_EQ(Blocks(), Minute({0, 30}));
  EXPECT_NE(metrics_.ExpositionText().find("\ntocsin_block_samples 45"), std::string::npos)
      << metrics_.ExpositionText();
}

TEST_F(UpkeepTest, BacklogBecomesOneBlockForEachHalfHour) {
  Commit(0, 200);
  Step(200);
  EXPECT_EQ(Blocks(), Minute({0, 30, 60, 90}));
  Step(201);
  EXPECT_EQ(Blocks(), Minute({0, 30, 60, 90, 120, 150}));
}

TEST_F(UpkeepTest, WhatIsOlderThanRetentionGoesButNotWhatWindowsReach) {
  options_.retention = Hours(1);
  Commit(0, 180);
  for (int i = 0; i < 3; ++i) Step(180, Minutes(90));
  EXPECT_EQ(Blocks(), Minute({90, 120, 150}));
  Step(180, Minutes(5));
  EXPECT_EQ(Blocks(), Minute({120, 150}));
}

TEST_F(UpkeepTest, WhatIsTooMuchGoesButNotWhatWindowsReach) {
  options_.recorded_bytes_max = 1;
  Commit(0, 120);
  Step(120, Minutes(45));
  EXPECT_EQ(Blocks(), Minute({60, 90}));
}

TEST_F(UpkeepTest, WhatFailsIsCountedAndDoneByTheNextStep) {
  Commit(0, 31);
  store_.SetDiskFull(true);
  Step(31);
  EXPECT_EQ(Blocks(), Minute({}));
  EXPECT_NE(metrics_.ExpositionText().find("\ntocsin_upkeep_failures_total 1"), std::string::npos);
  store_.SetDiskFull(false);
  Step(32);
  EXPECT_EQ(Blocks(), Minute({0}));
}

}  // namespace
}  // namespace tocsin::engine
