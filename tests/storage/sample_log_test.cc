#include "storage/sample_log.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "storage/keys.h"
#include "storage/memory_store.h"
#include "tests/support/faulty_store.h"

namespace tocsin::storage {
namespace {

Timestamp At(int64_t ms) {
  return Timestamp::FromMillis(ms);
}

// A batch that can be told from others: one sample with this value.
SampleBatch Marked(double value) {
  SampleBatch batch;
  batch.Add(1, 1000, value);
  return batch;
}

class SampleLogTest : public testing::Test {
 protected:
  SampleLogTest() { Reopen(); }

  void Reopen() {
    auto opened = OpenSampleLog(store_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    log_ = *std::move(opened);
  }
  // Appends records with values and commit times first, first + 1, ... (times in units of 10 ms).
  void AppendMany(int count, int first = 0) {
    for (int i = first; i < first + count; ++i) {
      ASSERT_TRUE(log_->Append(Marked(i), {}, At(10 * i)).ok());
    }
  }
  // "offset:value@committed " for each record from `offset` on.
  std::string Read(uint64_t offset) {
    std::string text;
    const absl::Status status = log_->ReadFrom(offset, [&](const LogRecord& record) {
      absl::StrAppend(&text, record.offset, ":", record.samples.values.at(0), "@",
                      record.committed.millis(), " ");
      return true;
    });
    return status.ok() ? text : std::string(status.ToString());
  }
  uint64_t Seek(int64_t ms) {
    const auto offset = log_->SeekToTime(At(ms));
    EXPECT_TRUE(offset.ok()) << offset.status();
    return offset.value_or(~uint64_t{0});
  }

  MemoryStore disk_;
  FaultyStore store_{disk_};
  std::unique_ptr<SampleLog> log_;
};

TEST_F(SampleLogTest, NewLogIsEmpty) {
  EXPECT_EQ(log_->next_offset(), 0u);
  EXPECT_EQ(Read(0), "");
  EXPECT_EQ(Seek(0), 0u);
  EXPECT_TRUE(log_->CutBefore(At(5)).ok());
}

TEST_F(SampleLogTest, RecordsComeBackInOrderAndReadingStopsOnRequest) {
  AppendMany(3);
  EXPECT_EQ(Read(0), "0:0@0 1:1@10 2:2@20 ");
  EXPECT_EQ(Read(2), "2:2@20 ");
  EXPECT_EQ(Read(3), "");
  EXPECT_EQ(Read(99), "");
  int seen = 0;
  EXPECT_TRUE(log_->ReadFrom(0, [&](const LogRecord&) { return ++seen < 2; }).ok());
  EXPECT_EQ(seen, 2);
}

TEST_F(SampleLogTest, AppendIsSyncedAndOneWrite) {
  AppendMany(1);
  EXPECT_EQ(store_.writes(), 1u);
  EXPECT_EQ(store_.unsynced(), 0u);
}

TEST_F(SampleLogTest, ReopenFindsTheEndForAnyLength) {
  for (int count = 0; count < 40; ++count) {
    Reopen();
    EXPECT_EQ(log_->next_offset(), static_cast<uint64_t>(count));
    AppendMany(1, count);
  }
}

TEST_F(SampleLogTest, SeekFindsTheFirstRecordAtOrAfter) {
  AppendMany(25);
  for (int64_t ms = -5; ms <= 245; ++ms) {
    EXPECT_EQ(Seek(ms), static_cast<uint64_t>(std::clamp<int64_t>((ms + 9) / 10, 0, 25))) << ms;
  }
}

TEST_F(SampleLogTest, SeekFindsTheFirstOfEqualTimes) {
  for (int64_t ms : {10, 20, 20, 20, 30}) {
    ASSERT_TRUE(log_->Append(Marked(0), {}, At(ms)).ok());
  }
  EXPECT_EQ(Seek(20), 1u);
  EXPECT_EQ(Seek(21), 4u);
}

TEST_F(SampleLogTest, CommitTimesAscendThoughTheClockGoesBack) {
  ASSERT_TRUE(log_->Append(Marked(1), {}, At(100)).ok());
  ASSERT_TRUE(log_->Append(Marked(2), {}, At(40)).ok());
  Reopen();
  ASSERT_TRUE(log_->Append(Marked(3), {}, At(50)).ok());
  EXPECT_EQ(Read(0), "0:1@100 1:2@100 2:3@100 ");
}

TEST_F(SampleLogTest, CutDropsOlderRecordsOnly) {
  AppendMany(10);
  ASSERT_TRUE(log_->CutBefore(At(65)).ok());
  EXPECT_EQ(Read(0), "7:7@70 8:8@80 9:9@90 ");
  EXPECT_EQ(Seek(0), 7u);
  EXPECT_EQ(disk_.Get(Family::kLog, LogKey(6))->has_value(), false);
  ASSERT_TRUE(log_->CutBefore(At(65)).ok());
  EXPECT_EQ(store_.writes(), 11u) << "nothing to cut, nothing to write";
  Reopen();
  EXPECT_EQ(Read(0), "7:7@70 8:8@80 9:9@90 ");
  AppendMany(1, 10);
  EXPECT_EQ(Read(9), "9:9@90 10:10@100 ");
}

TEST_F(SampleLogTest, OffsetsGoOnAfterEverythingWasCut) {
  AppendMany(5);
  ASSERT_TRUE(log_->CutBefore(At(1000)).ok());
  EXPECT_EQ(Read(0), "");
  Reopen();
  EXPECT_EQ(log_->next_offset(), 5u);
  AppendMany(1, 5);
  EXPECT_EQ(Read(0), "5:5@50 ");
}

TEST_F(SampleLogTest, SeriesAreReadInOrderOfRef) {
  const Labels a{{"__name__", "up"}, {"host", "a"}};
  const Labels b{{"__name__", "up"}, {"host", "b"}};
  ASSERT_TRUE(log_->Append({}, {{300, b}, {2, a}}, At(1)).ok());
  ASSERT_TRUE(log_->Append({}, {{4, Labels()}}, At(1)).ok());
  std::string text;
  ASSERT_TRUE(log_->ReadSeries([&](SeriesRef ref, Labels labels) {
                    absl::StrAppend(&text, ref, "=", labels.ToString(), " ");
                  })
                  .ok());
  EXPECT_EQ(text, "2=up{host=\"a\"} 4={} 300=up{host=\"b\"} ");
}

TEST_F(SampleLogTest, CorruptRecordIsDataLossWithItsOffset) {
  AppendMany(5);
  store_.Corrupt(Family::kLog, LogKey(2), "\x01garbage");
  const absl::Status status = log_->ReadFrom(0, [](const LogRecord&) { return true; });
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_NE(status.ToString().find("offset 2"), std::string::npos) << status;
  EXPECT_EQ(log_->SeekToTime(At(30)).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Read(3), "3:3@30 4:4@40 ");

  store_.Corrupt(Family::kLog, LogKey(4), "");
  EXPECT_EQ(OpenSampleLog(store_).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(SampleLogTest, NewerRecordIsRefusedAsSuch) {
  AppendMany(1);
  store_.Corrupt(Family::kLog, LogKey(0), "\x03 from the future");
  EXPECT_EQ(OpenSampleLog(store_).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(SampleLogTest, MissingRecordIsDataLossWithItsOffset) {
  AppendMany(5);
  WriteBatch hole;
  hole.Delete(Family::kLog, LogKey(2));
  hole.Delete(Family::kLog, LogKey(4));
  ASSERT_TRUE(store_.Write(hole, Durability::kSynced).ok());
  EXPECT_NE(Read(0).find("offset 2: missing"), std::string::npos) << Read(0);
  EXPECT_NE(Read(3).find("offset 4: missing"), std::string::npos) << Read(3);
  EXPECT_EQ(log_->SeekToTime(At(25)).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(SampleLogTest, CorruptSeriesIsDataLoss) {
  ASSERT_TRUE(log_->Append({}, {{7, Labels{{"a", "b"}}}}, At(1)).ok());
  store_.Corrupt(Family::kSeries, SeriesKey(7), "\x01\x07oops");
  const absl::Status status = log_->ReadSeries([](SeriesRef, Labels) {});
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_NE(status.ToString().find("series 7"), std::string::npos) << status;
}

}  // namespace
}  // namespace tocsin::storage
