#include "engine/recovery.h"

#include <gtest/gtest.h>

#include <string>

#include "proto/tocsin/state/v1/state.pb.h"
#include "storage/codec.h"
#include "storage/keys.h"
#include "storage/memory_store.h"

namespace tocsin::engine {
namespace {

using absl::StatusCode;
using storage::Family;

constexpr Timestamp kNow = Timestamp::FromMillis(1'700'000'000'000);
const Labels kAlert{{"alertname", "High"}, {"host", "a"}};

class RecoveryTest : public ::testing::Test {
 protected:
  RecoveryTest() : log_(*storage::OpenSampleLog(store_)) {}

  void Put(Family family, std::string key, std::string value) {
    storage::WriteBatch batch;
    batch.Put(family, std::move(key), std::move(value));
    ASSERT_TRUE(store_.Write(batch, storage::Durability::kSynced).ok());
  }
  // An alert as the shard writes it.
  static AlertInstance Firing() {
    AlertInstance alert;
    alert.labels = kAlert;
    alert.result_labels = Labels{{"host", "a"}};
    alert.annotations = {{"summary", "too high"}};
    alert.alias = "High-1";
    alert.page_sequence = 7;
    alert.page_open = true;
    alert.absent = true;
    alert.state.phase = rules::AlertPhase::kFiring;
    alert.state.level = rules::Level::kWarning;
    alert.state.pending_level = rules::Level::kCritical;
    int64_t ms = kNow.millis();
    for (auto* time :
         {&alert.state.active_at, &alert.state.critical_since, &alert.state.fired_at,
          &alert.state.keep_firing_since, &alert.state.resolved_at, &alert.state.absent_since}) {
      *time = Timestamp::FromMillis(--ms);
    }
    alert.state.last_seen = Timestamp::FromMillis(--ms);
    alert.state.value = 0.95;
    return alert;
  }
  void PutAlert(std::string value) {
    Put(Family::kAlerts, storage::AlertKey("rule", kAlert), std::move(value));
  }
  absl::StatusOr<Resumed> Recover() { return RecoverState(store_, *log_, kNow, registry_); }

  storage::MemoryStore store_;
  std::unique_ptr<storage::SampleLog> log_;
  SeriesRegistry registry_{Limits()};
};

TEST_F(RecoveryTest, NewDirectoryCountsAsEvaluatedNow) {
  const auto resumed = Recover();
  ASSERT_TRUE(resumed.ok()) << resumed.status();
  EXPECT_EQ(resumed->evaluated, kNow);
  EXPECT_LT(resumed->hold_until, kNow);
  EXPECT_TRUE(resumed->alerts.empty());
  EXPECT_EQ(registry_.size(), 0u);
}

TEST_F(RecoveryTest, ClockRecordTellsTheLastEvaluationAndTheHold) {
  state::v1::ClockRecord clock;
  clock.set_evaluated_ms(kNow.millis() - 90'000);
  clock.set_hold_until_ms(kNow.millis() - 30'000);
  Put(Family::kMeta, storage::ClockKey(0), storage::EncodeMessage(clock));
  const auto resumed = Recover();
  ASSERT_TRUE(resumed.ok()) << resumed.status();
  EXPECT_EQ(resumed->evaluated, kNow - absl::Seconds(90));
  EXPECT_EQ(resumed->hold_until, kNow - absl::Seconds(30));
}

TEST_F(RecoveryTest, DamagedClockRecordStopsTheStart) {
  Put(Family::kMeta, storage::ClockKey(0), "\x01\xff\xff");
  EXPECT_EQ(Recover().status().code(), StatusCode::kDataLoss);
  Put(Family::kMeta, storage::ClockKey(0), "\x02");
  EXPECT_EQ(Recover().status().code(), StatusCode::kFailedPrecondition);
}

TEST_F(RecoveryTest, SeriesOfTheLogKeepTheirReferences) {
  SampleBatch batch;
  batch.Add(1, kNow.millis(), 1);
  const Labels up{{"__name__", "up"}};
  ASSERT_TRUE(log_->Append(batch, {{1, Labels{{"__name__", "x"}}}, {2, up}}, kNow).ok());
  ASSERT_TRUE(Recover().ok());
  EXPECT_EQ(*registry_.Resolve(up), 2u);
  EXPECT_TRUE(registry_.TakeNew().empty());
}

TEST_F(RecoveryTest, AlertComesBackWithEverythingThatDecidesLater) {
  const AlertInstance stored = Firing();
  PutAlert(EncodeAlert("rule", stored));
  const auto resumed = Recover();
  ASSERT_TRUE(resumed.ok()) << resumed.status();
  ASSERT_EQ(resumed->alerts.size(), 1u);
  ASSERT_EQ(resumed->alerts.at("rule").size(), 1u);
  const AlertInstance& read = resumed->alerts.at("rule")[0];
  EXPECT_EQ(read.state, stored.state);
  EXPECT_EQ(read.labels, stored.labels);
  EXPECT_EQ(read.result_labels, stored.result_labels);
  EXPECT_EQ(read.annotations, stored.annotations);
  EXPECT_EQ(read.alias, stored.alias);
  EXPECT_EQ(read.page_sequence, stored.page_sequence);
  EXPECT_TRUE(read.page_open);
  EXPECT_TRUE(read.absent);
}

// Paging on half a memory is worse than a clear stop.
TEST_F(RecoveryTest, DamagedAlertRecordIsDataLossAndNamesTheFamily) {
  state::v1::AlertRecord bad_labels;
  bad_labels.set_rule("rule");
  bad_labels.set_labels(
      "\x05"
      "cut");
  state::v1::AlertRecord bad_row;
  bad_row.set_rule("rule");
  bad_row.set_result_labels("\x01");
  const std::string whole = EncodeAlert("rule", Firing());
  const std::string kCases[] = {"",
                                std::string(1, '\0'),
                                "\x01\xff\xff\xff",
                                whole.substr(0, whole.size() - 3),
                                storage::EncodeMessage(bad_labels),
                                storage::EncodeMessage(bad_row)};
  for (const std::string& value : kCases) {
    PutAlert(value);
    const absl::Status status = Recover().status();
    EXPECT_EQ(status.code(), StatusCode::kDataLoss) << status;
    EXPECT_NE(std::string(status.message()).find("family alerts"), std::string::npos) << status;
  }
}

TEST_F(RecoveryTest, OneDamagedAlertAmongGoodOnesIsDataLoss) {
  PutAlert(EncodeAlert("rule", Firing()));
  Put(Family::kAlerts, storage::AlertKey("other", kAlert), "\x01\xff\xff");
  EXPECT_EQ(Recover().status().code(), StatusCode::kDataLoss);
}

TEST_F(RecoveryTest, AlertRecordOfANewerProgramIsFailedPrecondition) {
  std::string newer = EncodeAlert("rule", Firing());
  newer[0] = 2;
  PutAlert(newer);
  EXPECT_EQ(Recover().status().code(), StatusCode::kFailedPrecondition);
}

// A state machine in a phase that does not exist pages or stays silent by chance.
TEST(RecoveryRecordsTest, AlertRecordWithUnknownPhaseIsDataLoss) {
  storage::MemoryStore store;
  const auto log = *storage::OpenSampleLog(store);
  state::v1::AlertRecord record;
  record.set_rule("rule");
  record.set_phase(9);
  storage::WriteBatch batch;
  batch.Put(storage::Family::kAlerts, storage::AlertKey("rule", Labels()),
            storage::EncodeMessage(record));
  ASSERT_TRUE(store.Write(batch, storage::Durability::kSynced).ok());
  SeriesRegistry registry{Limits()};
  EXPECT_EQ(RecoverState(store, *log, kNow, registry).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace tocsin::engine
