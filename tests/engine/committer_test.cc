#include "engine/committer.h"

#include <gtest/gtest.h>

#include <string>

#include "storage/memory_store.h"
#include "tests/support/faulty_store.h"
#include "tests/support/world.h"

namespace tocsin::engine {
namespace {

using absl::StatusCode;
using storage::FaultyStore;

constexpr Timestamp kNow = Timestamp::FromMillis(1'700'000'000'000);

Labels Up(const std::string& host) {
  return Labels{{"__name__", "up"}, {"host", host}};
}

class CommitterTest : public ::testing::Test {
 protected:
  CommitterTest() {
    auto log = storage::OpenSampleLog(store_);
    EXPECT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
    Build(1 << 20);
  }
  void Build(uint64_t queue_bytes_max) {
    committer_ = std::make_unique<Committer>(
        registry_, *log_, health_, queue_bytes_max, metrics_,
        [this](std::shared_ptr<const CommittedBatch> batch) { handed_on_.push_back(batch); });
  }
  // One sample of a series; the acknowledgement is appended to acks_.
  void Submit(const std::string& host, double value, size_t samples = 1,
              const std::string& sender = "") {
    SampleBatch batch;
    for (size_t i = 0; i < samples; ++i) {
      batch.Add(*registry_.Resolve(Up(host)), kNow.millis() + static_cast<int64_t>(i), value);
    }
    committer_->Submit(sender, std::move(batch), [this](const absl::Status& status) {
      acks_.push_back(status);
      writes_when_acked_.push_back(store_.writes());
      handed_on_when_acked_.push_back(handed_on_.size());
    });
  }
  std::vector<StatusCode> Codes() const {
    std::vector<StatusCode> codes;
    for (const absl::Status& ack : acks_) codes.push_back(ack.code());
    return codes;
  }
  std::vector<storage::LogRecord> Records() {
    std::vector<storage::LogRecord> records;
    EXPECT_TRUE(log_->ReadFrom(0,
                               [&](const storage::LogRecord& record) {
                                 records.push_back(record);
                                 return true;
                               })
                    .ok());
    return records;
  }
  std::vector<std::string> SeriesInLog() {
    std::vector<std::string> all;
    EXPECT_TRUE(log_->ReadSeries([&](SeriesRef ref, Labels labels) {
                      all.push_back(std::to_string(ref) + ":" + std::string(labels.Get("host")));
                    })
                    .ok());
    return all;
  }
  double Refused() { return metrics_.Counter("tocsin_ingest_refused_batches_total", "").Value(); }

  storage::MemoryStore disk_;
  FaultyStore store_{disk_};
  Metrics metrics_;
  SeriesRegistry registry_{Limits()};
  std::unique_ptr<storage::SampleLog> log_;
  std::vector<std::shared_ptr<const CommittedBatch>> handed_on_;
  std::vector<absl::Status> acks_;
  std::vector<uint64_t> writes_when_acked_;
  std::vector<size_t> handed_on_when_acked_;
  ManualClock clock_;
  InputHealth health_{clock_};
  std::unique_ptr<Committer> committer_;
};

TEST_F(CommitterTest, AllThatWaitsBecomesOneRecordInTheOrderItCame) {
  Submit("a", 1);
  Submit("b", 2, 2);
  Submit("a", 3);
  EXPECT_TRUE(acks_.empty()) << "nothing is acknowledged before the write";
  const uint64_t before = store_.writes();
  committer_->CommitWaiting(kNow);
  EXPECT_EQ(store_.writes(), before + 1);
  EXPECT_EQ(store_.unsynced(), 0u);

  const auto records = Records();
  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].committed, kNow);
  EXPECT_EQ(records[0].samples.refs, std::vector<SeriesRef>({1, 2, 2, 1}));
  EXPECT_EQ(records[0].samples.values, std::vector<double>({1, 2, 2, 3}));
  EXPECT_EQ(SeriesInLog(), std::vector<std::string>({"1:a", "2:b"}));

  ASSERT_EQ(handed_on_.size(), 1u);
  EXPECT_EQ(handed_on_[0]->samples.values, records[0].samples.values);
  EXPECT_EQ(handed_on_[0]->new_series.size(), 2u);
  EXPECT_EQ(handed_on_[0]->committed, kNow);
}

TEST_F(CommitterTest, EachRequestIsAcknowledgedOnceAfterTheWriteAndTheHandOn) {
  Submit("a", 1);
  Submit("b", 2);
  const uint64_t before = store_.writes();
  committer_->CommitWaiting(kNow);
  EXPECT_EQ(Codes(), std::vector<StatusCode>({StatusCode::kOk, StatusCode::kOk}));
  EXPECT_EQ(writes_when_acked_, std::vector<uint64_t>({before + 1, before + 1}));
  EXPECT_EQ(handed_on_when_acked_, std::vector<size_t>({1, 1}));
  committer_->CommitWaiting(kNow);
  EXPECT_EQ(acks_.size(), 2u);
  EXPECT_EQ(store_.writes(), before + 1) << "nothing waits, nothing is written";
}

TEST_F(CommitterTest, FullQueueRefusesAndTakesAgainAfterACommit) {
  const size_t sample_bytes = 3 * 8;
  Build(4 * sample_bytes);
  Submit("a", 1, 2);
  Submit("a", 2, 3);  // does not fit
  EXPECT_EQ(Codes(), std::vector<StatusCode>({StatusCode::kUnavailable}));
  EXPECT_EQ(Refused(), 1);
  Submit("a", 3, 2);  // fills it to the last byte
  EXPECT_EQ(acks_.size(), 1u);
  committer_->CommitWaiting(kNow);
  EXPECT_EQ(Records()[0].samples.values, std::vector<double>({1, 1, 3, 3}));
  Submit("a", 4, 2);
  Submit("a", 5, 2);
  EXPECT_EQ(Refused(), 1) << "what was committed has made room";
}

TEST_F(CommitterTest, OneSenderLeavesRoomInTheQueue) {
  const size_t sample_bytes = 3 * 8;
  Build(9 * sample_bytes);
  for (int i = 0; i < 6; ++i) Submit("a", i, 1, "greedy");
  EXPECT_TRUE(acks_.empty());
  Submit("a", 6, 1, "greedy");
  EXPECT_EQ(Codes(), std::vector<StatusCode>({StatusCode::kUnavailable}));
  EXPECT_EQ(health_.RefusingFor(absl::ZeroDuration()), absl::ZeroDuration());
  Submit("b", 1, 2, "modest");
  Submit("c", 1, 1);  // a rule's own
  EXPECT_EQ(acks_.size(), 1u);
  committer_->CommitWaiting(kNow);
  EXPECT_EQ(Records()[0].samples.size(), 9u);
  Submit("a", 7, 6, "greedy");
  EXPECT_EQ(Refused(), 1) << "what was committed has made room";
}

// A write has no more than it should, and something of everybody.
TEST_F(CommitterTest, SendersTakeTurnsInWritesOfBoundedSize) {
  const size_t third = Committer::kCommitBytes / (3 * 8) / 3;
  Build(1 << 30);
  for (int i = 1; i <= 5; ++i) Submit("a", i, third, "greedy");
  Submit("b", 7, 1, "modest");
  EXPECT_TRUE(committer_->CommitWaiting(kNow));
  EXPECT_EQ(acks_.size(), 4u) << "three of the greedy one, and that of the other";
  EXPECT_TRUE(Records()[0].samples.values.at(third) == 7) << "after the first of the other";
  EXPECT_FALSE(committer_->CommitWaiting(kNow));
  EXPECT_EQ(acks_.size(), 6u);
  EXPECT_FALSE(committer_->CommitWaiting(kNow));
}

// Otherwise its sender would try again for ever.
TEST_F(CommitterTest, BatchLargerThanTheQueueIsTakenWhenNothingElseWaits) {
  Build(10);
  Submit("a", 1, 5);
  EXPECT_TRUE(acks_.empty());
  Submit("a", 2);
  EXPECT_EQ(Codes(), std::vector<StatusCode>({StatusCode::kUnavailable}));
}

TEST_F(CommitterTest, FailedWriteRefusesEveryRequestAndHandsNothingOn) {
  Submit("a", 1);
  Submit("b", 2);
  store_.SetDiskFull(true);
  committer_->CommitWaiting(kNow);
  EXPECT_EQ(Codes(), std::vector<StatusCode>({StatusCode::kUnavailable, StatusCode::kUnavailable}));
  EXPECT_TRUE(handed_on_.empty());
  EXPECT_TRUE(Records().empty());
  EXPECT_EQ(metrics_.Counter("tocsin_commit_failures_total", "").Value(), 1);
}

// The references are out already: without their labels in the log the samples would be nameless
// after a restart.
TEST_F(CommitterTest, RefusalsAreASpanThatEndsWithTheNextSuccess) {
  store_.SetDiskFull(true);
  Submit("a", 1);
  committer_->CommitWaiting(kNow);
  clock_.AdvanceTo(clock_.Now() + absl::Seconds(30));
  Submit("a", 1);
  committer_->CommitWaiting(kNow);
  EXPECT_EQ(health_.RefusingFor(clock_.Monotonic()), absl::Seconds(30));
  store_.SetDiskFull(false);
  Submit("a", 1);
  committer_->CommitWaiting(kNow);
  EXPECT_EQ(health_.RefusingFor(clock_.Monotonic()), absl::ZeroDuration());
}

TEST_F(CommitterTest, NewSeriesOfAFailedWriteAreWrittenWithTheNextOne) {
  for (const auto fault : {FaultyStore::Fault::kRefused, FaultyStore::Fault::kTorn}) {
    const std::string name = fault == FaultyStore::Fault::kRefused ? "refused" : "torn";
    Submit(name, 1);
    store_.FailWrite(1, fault);
    committer_->CommitWaiting(kNow);
    ASSERT_EQ(acks_.back().code(), StatusCode::kUnavailable);
    Submit(name + " next", 2);
    committer_->CommitWaiting(kNow);
    ASSERT_TRUE(acks_.back().ok());
    EXPECT_EQ(handed_on_.back()->new_series.size(), 2u) << name;
  }
  EXPECT_EQ(SeriesInLog(),
            std::vector<std::string>({"1:refused", "2:refused next", "3:torn", "4:torn next"}));
}

TEST_F(CommitterTest, ClosedCommitterRefusesNewBatchesAndCommitsTheWaitingOnes) {
  Submit("a", 1);
  committer_->Close();
  Submit("a", 2);
  EXPECT_EQ(Codes(), std::vector<StatusCode>({StatusCode::kUnavailable}));
  EXPECT_TRUE(committer_->WaitForWork()) << "what was taken before is still to be committed";
  committer_->CommitWaiting(kNow);
  EXPECT_EQ(Codes(), std::vector<StatusCode>({StatusCode::kUnavailable, StatusCode::kOk}));
  EXPECT_EQ(Records().size(), 1u);
  EXPECT_FALSE(committer_->WaitForWork());
}

}  // namespace
}  // namespace tocsin::engine
