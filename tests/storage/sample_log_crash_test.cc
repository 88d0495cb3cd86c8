// What a sample log holds after failed writes and crashes: everything that was acknowledged, in
// order, once.

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "base/random.h"
#include "storage/memory_store.h"
#include "storage/sample_log.h"
#include "tests/support/faulty_store.h"

namespace tocsin::storage {
namespace {

Timestamp At(int64_t ms) {
  return Timestamp::FromMillis(ms);
}

SampleBatch Marked(double value) {
  SampleBatch batch;
  batch.Add(1, 1000, value);
  return batch;
}

std::vector<double> ReadAll(SampleLog& log) {
  std::vector<double> values;
  const absl::Status status = log.ReadFrom(0, [&](const LogRecord& record) {
    values.push_back(record.samples.values.at(0));
    return true;
  });
  EXPECT_TRUE(status.ok()) << status;
  return values;
}

std::unique_ptr<SampleLog> Open(Store& store) {
  auto opened = OpenSampleLog(store);
  EXPECT_TRUE(opened.ok()) << opened.status();
  return *std::move(opened);
}

TEST(SampleLogCrashTest, RefusedAppendTakesNothingAndTheNextOneUsesItsOffset) {
  MemoryStore disk;
  FaultyStore store(disk);
  auto log = Open(store);
  store.FailWrite(1, FaultyStore::Fault::kRefused);
  EXPECT_EQ(log->Append(Marked(1), {{1, Labels()}}, At(1)).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_EQ(log->next_offset(), 0u);
  EXPECT_EQ(*log->Append(Marked(2), {{1, Labels()}}, At(2)), 0u);
  EXPECT_EQ(ReadAll(*log), std::vector<double>({2}));
}

// The write was applied although it was reported as failed: the sender's repetition takes its
// place.
TEST(SampleLogCrashTest, TornAppendIsReplacedByTheNextOne) {
  MemoryStore disk;
  FaultyStore store(disk);
  auto log = Open(store);
  store.FailWrite(1, FaultyStore::Fault::kTorn);
  EXPECT_FALSE(log->Append(Marked(1), {}, At(1)).ok());
  EXPECT_EQ(*log->Append(Marked(2), {}, At(2)), 0u);
  EXPECT_EQ(ReadAll(*Open(store)), std::vector<double>({2}));
}

TEST(SampleLogCrashTest, TornAppendBeforeACrashMayBeThereOrNot) {
  for (size_t kept : {0, 1}) {
    MemoryStore disk;
    FaultyStore store(disk);
    auto log = Open(store);
    ASSERT_TRUE(log->Append(Marked(1), {}, At(1)).ok());
    store.FailWrite(1, FaultyStore::Fault::kTorn);
    EXPECT_FALSE(log->Append(Marked(2), {}, At(2)).ok());
    store.Crash(kept);
    auto again = Open(store);
    EXPECT_EQ(again->next_offset(), 1 + kept);
    EXPECT_EQ(ReadAll(*again).size(), 1 + kept);
  }
}

TEST(SampleLogCrashTest, FullDiskRefusesAndRecoversWithoutReopening) {
  MemoryStore disk;
  FaultyStore store(disk);
  auto log = Open(store);
  store.SetDiskFull(true);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(log->Append(Marked(i), {}, At(i)).status().code(), absl::StatusCode::kUnavailable);
  }
  EXPECT_EQ(log->CutBefore(At(100)).code(), absl::StatusCode::kOk) << "nothing to cut";
  store.SetDiskFull(false);
  EXPECT_EQ(*log->Append(Marked(7), {}, At(7)), 0u);
  EXPECT_EQ(ReadAll(*log), std::vector<double>({7}));
}

TEST(SampleLogCrashTest, FailedCutChangesNothing) {
  MemoryStore disk;
  FaultyStore store(disk);
  auto log = Open(store);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(log->Append(Marked(i), {}, At(i)).ok());
  store.FailWrite(1, FaultyStore::Fault::kRefused);
  EXPECT_FALSE(log->CutBefore(At(2)).ok());
  EXPECT_EQ(ReadAll(*log), std::vector<double>({0, 1, 2, 3}));
  EXPECT_TRUE(log->CutBefore(At(2)).ok());
  EXPECT_EQ(ReadAll(*log), std::vector<double>({2, 3}));
}

// Random appends, cuts, faults and crashes against a list of what must be there. A refused record
// may show up after a crash, at the end only.
TEST(SampleLogCrashTest, AcknowledgedRecordsSurviveAnything) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SeededRandom random(seed);
    MemoryStore disk;
    FaultyStore store(disk);
    auto log = Open(store);
    std::vector<double> expected;
    std::vector<double> refused;  // since the last acknowledged record
    for (int step = 0; step < 60; ++step) {
      const int64_t now = 10 * step;
      switch (random.Next() % 8) {
        case 0:
          store.FailWrite(1 + random.Next() % 3, random.Next() % 2 ? FaultyStore::Fault::kTorn
                                                                   : FaultyStore::Fault::kRefused);
          break;
        case 1: {
          store.Crash(store.unsynced() == 0 ? 0 : random.Next() % (store.unsynced() + 1));
          log = Open(store);
          const std::vector<double> found = ReadAll(*log);
          const bool extra = found.size() == expected.size() + 1;
          if (extra && std::count(refused.begin(), refused.end(), found.back()) == 1) {
            expected.push_back(found.back());
          }
          refused.clear();
          ASSERT_EQ(found, expected);
          break;
        }
        default:
          if (log->Append(Marked(step), {}, At(now)).ok()) {
            expected.push_back(step);
            refused.clear();
          } else {
            refused.push_back(step);
          }
      }
      ASSERT_EQ(log->next_offset(), expected.size());
    }
  }
}

}  // namespace
}  // namespace tocsin::storage
