#include "engine/window_store.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "rules/promql/parser.h"
#include "storage/keys.h"
#include "storage/log_record.h"
#include "storage/memory_store.h"
#include "tests/support/faulty_store.h"

namespace tocsin::engine {
namespace {

constexpr Timestamp kStart = Timestamp::FromMillis(1'700'000'000'000);

Labels Series(const std::string& metric, const std::string& host) {
  return Labels{{"__name__", metric}, {"host", host}};
}

// Wants cpu of all hosts and disk of host a.
class WindowStoreTest : public ::testing::Test {
 protected:
  WindowStoreTest() {
    std::vector<SelectorIndex::Entry> selectors;
    const promql::ParseResult parsed = promql::ParseExpr("cpu + disk{host=\"a\"}");
    for (SelectorNeed& need : QueryEngine::Needs(*parsed.expr, QueryOptions())) {
      selectors.push_back({std::move(need.matchers), 0});
    }
    auto index = SelectorIndex::Build(std::move(selectors));
    EXPECT_TRUE(index.ok()) << index.status();
    windows_ = std::make_unique<WindowStore>(
        table_, *std::move(index),
        [this](SeriesRef ref) {
          ++asked_[ref];
          return labels_[ref];
        },
        [this](SeriesTable::Slot slot, const Labels& labels) {
          EXPECT_EQ(table_.labels(slot), labels);
          added_.push_back(labels);
        });
  }
  std::vector<double> Values(const Labels& labels) {
    const auto slot = table_.Find(labels);
    if (!slot) return {};
    const Column& column = table_.column(*slot);
    std::vector<double> values;
    column.ForEach(column.begin(), column.end(),
                   [&](uint32_t, const Sample& sample) { values.push_back(sample.value); });
    return values;
  }

  SeriesTable table_;
  std::map<SeriesRef, Labels> labels_ = {{1, Series("cpu", "a")},
                                         {2, Series("disk", "a")},
                                         {3, Series("disk", "b")},
                                         {400, Series("cpu", "b")}};
  std::map<SeriesRef, int> asked_;
  std::vector<Labels> added_;
  std::unique_ptr<WindowStore> windows_;
};

TEST_F(WindowStoreTest, OnlyWantedSeriesGetAWindow) {
  EXPECT_TRUE(windows_->Apply(1, 1000, 0.1));
  EXPECT_TRUE(windows_->Apply(2, 1000, 0.2));
  EXPECT_FALSE(windows_->Apply(3, 1000, 0.3));
  EXPECT_TRUE(windows_->Apply(400, 1000, 0.4));
  EXPECT_EQ(added_, std::vector<Labels>({labels_[1], labels_[2], labels_[400]}));
  EXPECT_EQ(table_.size(), 3u);
  EXPECT_EQ(Values(labels_[400]), std::vector<double>({0.4}));
  EXPECT_TRUE(Values(labels_[3]).empty());
}

// One array look-up per sample: whether a series is wanted is asked once, also if it is not.
TEST_F(WindowStoreTest, SeriesIsJudgedOnce) {
  for (int64_t t = 1; t <= 3; ++t) {
    windows_->Apply(1, t, 1);
    windows_->Apply(3, t, 1);
  }
  EXPECT_EQ(asked_, (std::map<SeriesRef, int>{{1, 1}, {3, 1}}));
  EXPECT_EQ(added_.size(), 1u);
}

TEST_F(WindowStoreTest, IntroducedSeriesIsNotAskedFor) {
  windows_->Introduce(1, labels_[1]);
  windows_->Introduce(1, labels_[1]);
  windows_->Introduce(3, labels_[3]);
  EXPECT_EQ(added_.size(), 1u);
  EXPECT_TRUE(windows_->Apply(1, 1000, 1));
  EXPECT_FALSE(windows_->Apply(3, 1000, 1));
  EXPECT_TRUE(asked_.empty());
}

TEST_F(WindowStoreTest, TellsHowTheTableSettledASample) {
  const auto settle = [&](int64_t time_ms, double value) {
    return windows_->Apply(1, time_ms, value)->result;
  };
  EXPECT_EQ(settle(1000, 1), AppendResult::kAppended);
  EXPECT_EQ(settle(3000, 3), AppendResult::kAppended);
  EXPECT_EQ(settle(2000, 2), AppendResult::kInserted);
  EXPECT_EQ(settle(2000, 7), AppendResult::kDuplicate);
  EXPECT_EQ(Values(labels_[1]), std::vector<double>({1, 2, 3}));
  table_.SetReach(*table_.Find(labels_[1]), 1000);
  table_.Trim(3000);
  EXPECT_EQ(settle(1500, 7), AppendResult::kTooOld);
}

// A slot that was given up may be another series' by the time the old one comes back.
TEST_F(WindowStoreTest, ForgottenSeriesIsANewOneWhenItComesBack) {
  const auto slot = windows_->Apply(1, 1000, 1)->slot;
  table_.Remove(slot);
  windows_->Forget({slot});
  EXPECT_EQ(windows_->Apply(400, 2000, 4)->slot, slot);
  EXPECT_EQ(windows_->Apply(1, 3000, 3)->result, AppendResult::kAppended);
  EXPECT_EQ(Values(labels_[1]), std::vector<double>({3}));
  EXPECT_EQ(Values(labels_[400]), std::vector<double>({4}));
  EXPECT_EQ(added_, std::vector<Labels>({labels_[1], labels_[400], labels_[1]}));
}

TEST_F(WindowStoreTest, SlotIsLedToByOneReferenceOnly) {
  labels_[2] = labels_[1];
  const auto slot = windows_->Apply(1, 1000, 1)->slot;
  EXPECT_EQ(windows_->Apply(2, 2000, 2)->slot, slot);
  table_.Remove(slot);
  windows_->Forget({slot});
  EXPECT_EQ(windows_->Apply(400, 2000, 4)->slot, slot);
  windows_->Apply(1, 3000, 3);
  EXPECT_EQ(Values(labels_[400]), std::vector<double>({4}));
}

class WindowStoreLoadTest : public WindowStoreTest {
 protected:
  WindowStoreLoadTest() : log_(*storage::OpenSampleLog(store_)) {}

  // Commits one sample each of cpu on a and of the unwanted disk on b.
  void Commit(absl::Duration since_start, double value) {
    const Timestamp t = kStart + since_start;
    SampleBatch batch;
    batch.Add(3, t.millis(), -1);
    batch.Add(1, t.millis(), value);
    ASSERT_TRUE(log_->Append(batch, {}, t).ok());
  }

  storage::MemoryStore disk_;
  storage::FaultyStore store_{disk_};
  std::unique_ptr<storage::SampleLog> log_;
};

TEST_F(WindowStoreLoadTest, LoadsWhatIsDatedSinceInclusively) {
  for (int i = 0; i < 5; ++i) Commit(absl::Seconds(i), i);
  ASSERT_TRUE(windows_->Load(*log_, kStart + absl::Seconds(2), absl::ZeroDuration()).ok());
  EXPECT_EQ(Values(labels_[1]), std::vector<double>({2, 3, 4}));
  EXPECT_EQ(table_.size(), 1u);
  // What comes live afterwards goes on from there.
  EXPECT_EQ(windows_->Apply(1, (kStart + absl::Seconds(4)).millis(), 9)->result,
            AppendResult::kDuplicate);
}

// Wherever the boundary between blocks and records is, and whether or not the load begins in front
// of it.
TEST_F(WindowStoreLoadTest, BlocksAndRecordsTogetherGiveEverySampleOnce) {
  for (int i = 0; i < 6; ++i) {
    Commit(absl::Seconds(i), i);
    ASSERT_TRUE(log_->CloseBlock(kStart + absl::Seconds(i - 2)).ok());
  }
  ASSERT_EQ(log_->blocks().size(), 3u);
  ASSERT_TRUE(windows_->Load(*log_, kStart + absl::Seconds(1), absl::ZeroDuration()).ok());
  EXPECT_EQ(Values(labels_[1]), std::vector<double>({1, 2, 3, 4, 5}));
  EXPECT_EQ(table_.size(), 1u) << "chunks that no rule wants are not put in";
}

// Between preparing rules and taking them over, what was to come from records may have become a
// block.
TEST_F(WindowStoreLoadTest, LoadingMoreFindsWhatBecameABlockMeanwhile) {
  for (int i = 0; i < 3; ++i) Commit(absl::Seconds(i), i);
  ASSERT_TRUE(windows_->Load(*log_, kStart, absl::ZeroDuration()).ok());
  for (int i = 3; i < 6; ++i) Commit(absl::Seconds(i), i);
  ASSERT_TRUE(log_->CloseBlock(kStart + absl::Seconds(5)).ok());
  ASSERT_TRUE(windows_->LoadMore(*log_).ok());
  EXPECT_EQ(Values(labels_[1]), std::vector<double>({0, 1, 2, 3, 4, 5}));
  Commit(absl::Seconds(6), 6);
  ASSERT_TRUE(windows_->LoadMore(*log_).ok());
  EXPECT_EQ(Values(labels_[1]).size(), 7u);
}

TEST_F(WindowStoreLoadTest, DamagedLogIsDataLoss) {
  for (int i = 0; i < 3; ++i) Commit(absl::Seconds(i), i);
  store_.Corrupt(storage::Family::kLog, storage::LogKey(1), "\x01garbage");
  EXPECT_EQ(windows_->Load(*log_, kStart, absl::ZeroDuration()).code(),
            absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace tocsin::engine
