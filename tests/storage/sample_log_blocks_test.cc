// Records that become blocks: every sample is there once, in a record or in a block, whatever fails
// on the way; retention; and what readers see meanwhile.
#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/random.h"
#include "storage/chunk_codec.h"
#include "storage/keys.h"
#include "storage/memory_store.h"
#include "storage/rocksdb_store.h"
#include "storage/sample_log.h"
#include "tests/storage/temp_dir.h"
#include "tests/support/faulty_store.h"

namespace tocsin::storage {
namespace {

Timestamp At(int64_t ms) {
  return Timestamp::FromMillis(ms);
}

// Series and time to value; the first of two at one time counts.
using Samples = std::map<std::pair<SeriesRef, int64_t>, double>;

void AddAll(const SampleBatch& batch, Samples& samples) {
  for (size_t i = 0; i < batch.size(); ++i) {
    samples.try_emplace({batch.refs[i], batch.times_ms[i]}, batch.values[i]);
  }
}

class BlocksTest : public testing::TestWithParam<const char*> {
 protected:
  BlocksTest() {
    if (std::string(GetParam()) == "Rocksdb") {
      rocksdb_ = *OpenRocksdbStore(dir_.path());
    }
    store_ = std::make_unique<FaultyStore>(rocksdb_ ? *rocksdb_ : memory_);
    Reopen();
  }

  void Reopen() {
    auto opened = OpenSampleLog(*store_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    log_ = *std::move(opened);
  }
  // One sample of series 1 and one of series 2 in each record, at its commit time.
  void AppendMany(int count, int first = 0) {
    for (int i = first; i < first + count; ++i) {
      SampleBatch batch;
      batch.Add(2, 10 * i, 200 + i);
      batch.Add(1, 10 * i, 100 + i);
      ASSERT_TRUE(log_->Append(batch, {}, At(10 * i)).ok());
      AddAll(batch, given_);
    }
  }
  bool Close(int64_t ms) {
    const auto closed = log_->CloseBlock(At(ms));
    EXPECT_TRUE(closed.ok()) << closed.status();
    return closed.ok() && *closed;
  }
  // Everything that is recorded. Fails if a sample comes twice.
  Samples ReadAll() {
    Samples samples;
    size_t read = 0;
    const auto hold = log_->HoldRecords();
    const auto add = [&](const SampleBatch& batch) {
      read += batch.size();
      AddAll(batch, samples);
      return true;
    };
    EXPECT_TRUE(log_->ReadBlocks({}, add).ok());
    const absl::Status status = log_->ReadFrom(
        log_->first_offset(), [&](const LogRecord& record) { return add(record.samples); });
    EXPECT_TRUE(status.ok()) << status;
    EXPECT_EQ(read, samples.size()) << "samples come once";
    return samples;
  }
  // "ref: time=value ... " of each chunk.
  std::string Blocks(const BlockRead& which = {}) {
    std::string text;
    const absl::Status status = log_->ReadBlocks(which, [&](const SampleBatch& batch) {
      absl::StrAppend(&text, batch.refs[0], ":");
      for (size_t i = 0; i < batch.size(); ++i) {
        absl::StrAppend(&text, " ", batch.times_ms[i], "=", batch.values[i]);
      }
      absl::StrAppend(&text, "; ");
      return true;
    });
    return status.ok() ? text : std::string(status.ToString());
  }

  TempDir dir_;
  MemoryStore memory_;
  std::unique_ptr<Store> rocksdb_;
  std::unique_ptr<FaultyStore> store_;
  std::unique_ptr<SampleLog> log_;
  Samples given_;
};

TEST_P(BlocksTest, RecordsBeforeTheTimeBecomeChunksBySeries) {
  AppendMany(5);
  EXPECT_TRUE(Close(30));
  EXPECT_EQ(Blocks(), "1: 0=100 10=101 20=102; 2: 0=200 10=201 20=202; ");
  EXPECT_EQ(log_->first_offset(), 3u);
  EXPECT_EQ(log_->next_offset(), 5u);
  EXPECT_FALSE(Close(30)) << "nothing is left to close";
  const std::vector<Block> blocks = log_->blocks();
  ASSERT_EQ(blocks.size(), 1u);
  EXPECT_EQ(blocks[0].samples, 6u);
  EXPECT_EQ(blocks[0].chunks, 2u);
  EXPECT_EQ(blocks[0].first_committed, At(0));
  EXPECT_EQ(blocks[0].last_committed, At(20));
  EXPECT_EQ(ReadAll(), given_);
}

TEST_P(BlocksTest, ReopenFindsBlocksAndGoesOnBehindThem) {
  AppendMany(4);
  EXPECT_TRUE(Close(20));
  EXPECT_TRUE(Close(1000));
  Reopen();
  EXPECT_EQ(log_->blocks().size(), 2u);
  EXPECT_EQ(log_->first_offset(), 4u);
  EXPECT_EQ(log_->next_offset(), 4u);
  AppendMany(2, 4);
  EXPECT_EQ(ReadAll(), given_);
}

TEST_P(BlocksTest, OfTwoSamplesAtOneTimeTheFirstStaysAndLateOnesFindTheirPlace) {
  SampleBatch batch;
  for (const auto& [time, value] : {std::pair(30, 3), {10, 1}, {30, 9}, {20, 2}, {10, 8}}) {
    batch.Add(7, time, value);
  }
  ASSERT_TRUE(log_->Append(batch, {}, At(40)).ok());
  EXPECT_TRUE(Close(50));
  EXPECT_EQ(Blocks(), "7: 10=1 20=2 30=3; ");
  EXPECT_EQ(log_->blocks()[0].samples, 3u);
}

TEST_P(BlocksTest, ReadingChoosesBlocksByTimeAndOffsetAndSeriesByWish) {
  AppendMany(6);
  EXPECT_TRUE(Close(20));
  EXPECT_TRUE(Close(40));
  EXPECT_TRUE(Close(60));
  EXPECT_EQ(
      Blocks(
          {.oldest = At(21), .newest = At(35), .wanted = [](SeriesRef ref) { return ref == 2; }}),
      "2: 20=202 30=203; ");
  EXPECT_EQ(Blocks({.from_offset = 4}), "1: 40=104 50=105; 2: 40=204 50=205; ");
  EXPECT_EQ(Blocks({.from_offset = 5, .wanted = [](SeriesRef) { return false; }}), "");
}

TEST_P(BlocksTest, SeriesWithMoreSamplesThanAChunkHasParts) {
  SampleBatch batch;
  for (int i = 0; i < static_cast<int>(kChunkSamplesMax) + 10; ++i) batch.Add(3, i, i % 7);
  AddAll(batch, given_);
  ASSERT_TRUE(log_->Append(batch, {}, At(0)).ok());
  EXPECT_TRUE(Close(1));
  EXPECT_EQ(log_->blocks()[0].chunks, 2u);
  EXPECT_EQ(ReadAll(), given_);
}

// Each write on the way fails, with and without having happened, and the process goes on or the
// machine stops.
TEST_P(BlocksTest, WhateverWriteFailsEverySampleIsThereOnce) {
  for (const auto fault : {FaultyStore::Fault::kRefused, FaultyStore::Fault::kTorn}) {
    for (const bool crash : {false, true}) {
      for (uint64_t nth = 1; nth <= 3; ++nth) {
        const int first = static_cast<int>(log_->next_offset());
        AppendMany(4, first);
        store_->FailWrite(nth, fault);
        (void)log_->CloseBlock(At(10 * first + 20));
        if (crash) {
          store_->Crash();
          Reopen();
        }
        EXPECT_EQ(ReadAll(), given_) << nth;
        (void)log_->CloseBlock(At(10 * first + 30));
        EXPECT_EQ(ReadAll(), given_) << nth << ", closed again";
        (void)log_->CloseBlock(At(10 * first + 40));
        Reopen();
        EXPECT_EQ(ReadAll(), given_) << nth << ", opened again";
      }
    }
  }
}

TEST_P(BlocksTest, ChunksOfABlockThatWasNeverFinishedGoAtOpen) {
  AppendMany(3);
  SampleBatch stray;
  stray.Add(9, 5, 5);
  ASSERT_TRUE(
      store_->BulkLoad(Family::kChunks, {{EncodeChunkKey({0, 9, 0}), EncodeChunk(stray, 0, 1)}})
          .ok());
  Reopen();
  EXPECT_TRUE(Close(20));
  EXPECT_EQ(Blocks(), "1: 0=100 10=101; 2: 0=200 10=201; ");
}

// A clock that was set back has the next attempt end earlier.
TEST_P(BlocksTest, AnInterruptedLogClosesNoBlockAndLosesNothing) {
  AppendMany(20);
  ASSERT_TRUE(Close(50));
  log_->Interrupt();
  EXPECT_EQ(log_->CloseBlock(At(100)).status().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(ReadAll(), given_);
  Reopen();
  EXPECT_EQ(log_->blocks().size(), 1u);
  EXPECT_TRUE(Close(100)) << "the next process goes on";
  EXPECT_EQ(ReadAll(), given_);
}

TEST_P(BlocksTest, ChunksOfABlockThatFailedGoBeforeAShorterOneIsWritten) {
  AppendMany(3);
  SampleBatch other;
  other.Add(9, 30, 900);
  ASSERT_TRUE(log_->Append(other, {}, At(30)).ok());
  AddAll(other, given_);
  store_->FailWrite(2, FaultyStore::Fault::kRefused);
  EXPECT_FALSE(log_->CloseBlock(At(40)).ok());
  EXPECT_TRUE(Close(10));
  EXPECT_EQ(Blocks(), "1: 0=100; 2: 0=200; ");
  EXPECT_EQ(ReadAll(), given_);
}

TEST_P(BlocksTest, RetentionDropsWholeBlocksThenRecords) {
  AppendMany(8);
  EXPECT_TRUE(Close(20));
  EXPECT_TRUE(Close(40));
  ASSERT_TRUE(log_->CutBefore(At(20)).ok());
  EXPECT_EQ(Blocks(), "1: 20=102 30=103; 2: 20=202 30=203; ");
  ASSERT_TRUE(log_->CutBefore(At(30)).ok());
  EXPECT_EQ(log_->blocks().size(), 1u) << "a block goes as a whole";
  EXPECT_EQ(log_->first_offset(), 4u);
  ASSERT_TRUE(log_->CutBefore(At(60)).ok());
  EXPECT_EQ(Blocks(), "");
  EXPECT_EQ(log_->first_offset(), 6u);
  Reopen();
  EXPECT_EQ(log_->blocks().size(), 0u);
  EXPECT_EQ(log_->first_offset(), 6u);
  EXPECT_EQ(log_->next_offset(), 8u);
}

TEST_P(BlocksTest, RetentionByBytesDropsTheOldestButNothingThatIsNeeded) {
  AppendMany(6);
  for (int64_t ms : {20, 40, 60}) EXPECT_TRUE(Close(ms));
  const uint64_t each = log_->blocks()[2].bytes;
  ASSERT_TRUE(log_->CutToBytes(10 * each, At(1000)).ok());
  EXPECT_EQ(log_->blocks().size(), 3u);
  ASSERT_TRUE(log_->CutToBytes(0, At(20)).ok());
  EXPECT_EQ(log_->blocks().size(), 2u) << "the second was committed at the time from which to keep";
  ASSERT_TRUE(log_->CutToBytes(each, At(1000)).ok());
  EXPECT_EQ(log_->blocks().size(), 1u);
  EXPECT_EQ(Blocks(), "1: 40=104 50=105; 2: 40=204 50=205; ");
}

TEST_P(BlocksTest, RecordsStayWhileAReaderHoldsThem) {
  AppendMany(2);
  std::optional<std::shared_lock<std::shared_mutex>> hold(log_->HoldRecords());
  std::thread closer([&] { EXPECT_TRUE(Close(1000)); });
  for (int i = 0; i < 50; ++i) {
    size_t records = 0;
    ASSERT_TRUE(log_->ReadFrom(0, [&](const LogRecord&) { return ++records, true; }).ok());
    ASSERT_EQ(records, 2u);
  }
  hold.reset();
  closer.join();
  EXPECT_EQ(log_->first_offset(), 2u);
}

// A block of the records is under way: who only reads finds them and changes nothing.
TEST_P(BlocksTest, WhoOnlyReadsLeavesAnUnfinishedBlock) {
  AppendMany(4);
  EXPECT_TRUE(Close(20));
  const Samples all = ReadAll();
  WriteBatch chunk;
  const std::string key = EncodeChunkKey({2, 1, 0});
  chunk.Put(Family::kChunks, key, "half of it");
  ASSERT_TRUE(store_->Write(chunk, Durability::kSynced).ok());
  store_->SetDiskFull(true);
  auto opened = OpenSampleLogToRead(*store_);
  ASSERT_TRUE(opened.ok()) << opened.status();
  log_ = *std::move(opened);
  EXPECT_EQ(ReadAll(), all);
  EXPECT_TRUE(store_->Get(Family::kChunks, key)->has_value());
  store_->SetDiskFull(false);
  Reopen();
  EXPECT_EQ(ReadAll(), all);
  EXPECT_FALSE(store_->Get(Family::kChunks, key)->has_value());
}

TEST_P(BlocksTest, CorruptChunksAreNamed) {
  AppendMany(2);
  EXPECT_TRUE(Close(1000));
  store_->Corrupt(Family::kChunks, EncodeChunkKey({0, 2, 0}), "\x01rubbish");
  EXPECT_EQ(Blocks().substr(0, 46), "DATA_LOSS: block at offset 0, series 2: chunk:");
  store_->Corrupt(Family::kMeta, BlockKey(0), "\x01\xff");
  EXPECT_EQ(OpenSampleLog(*store_).status().code(), absl::StatusCode::kDataLoss);
}

// Random batches with late and repeated samples, closed at random times, cut never: what is read is
// what was given.
TEST_P(BlocksTest, RandomHistoryEqualsANaiveMap) {
  SeededRandom random(11);
  for (int step = 0; step < 300; ++step) {
    SampleBatch batch;
    for (uint64_t n = random.Next() % 20; n-- > 0;) {
      batch.Add(1 + random.Next() % 30, 10 * step - static_cast<int64_t>(random.Next() % 300),
                static_cast<double>(random.Next() % 100) / 10);
    }
    ASSERT_TRUE(log_->Append(batch, {}, At(10 * step)).ok());
    AddAll(batch, given_);
    if (random.Next() % 20 == 0) Close(10 * step - static_cast<int64_t>(random.Next() % 100));
    if (random.Next() % 50 == 0) Reopen();
  }
  Samples read;
  const auto add = [&](const SampleBatch& batch) { return AddAll(batch, read), true; };
  ASSERT_TRUE(log_->ReadBlocks({}, add).ok());
  ASSERT_TRUE(log_->ReadFrom(0, [&](const LogRecord& record) { return add(record.samples); }).ok());
  EXPECT_EQ(read, given_);
  EXPECT_GT(log_->blocks().size(), 5u);
}

INSTANTIATE_TEST_SUITE_P(All, BlocksTest, testing::Values("Memory", "Rocksdb"),
                         [](const auto& suite) { return std::string(suite.param); });

}  // namespace
}  // namespace tocsin::storage
