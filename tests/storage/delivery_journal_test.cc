#include "storage/delivery_journal.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "base/manual_clock.h"
#include "storage/history_sweep.h"
#include "storage/keys.h"
#include "storage/memory_store.h"
#include "tests/support/faulty_store.h"

namespace tocsin::storage {
namespace {

class DeliveryJournalTest : public ::testing::Test {
 protected:
  DeliveryJournalTest() { clock_.AdvanceTo(Timestamp::FromMillis(1'700'000'000'000)); }

  void Note(const std::string& alias, const std::string& outcome, const std::string& error = "") {
    journal_.Note({alias, "team", 0, "create", outcome, error, 7});
  }
  // "outcome*attempts" of an alias.
  std::vector<std::string> Kept(const std::string& alias) {
    const auto records = ReadDeliveries(store_, alias);
    EXPECT_TRUE(records.ok()) << records.status();
    std::vector<std::string> texts;
    for (const auto& record : *records) {
      texts.push_back(absl::StrCat(record.outcome(), "*", record.attempts()));
    }
    return texts;
  }
  void Pass(absl::Duration time) { clock_.AdvanceTo(clock_.Now() + time); }

  using Texts = std::vector<std::string>;
  ManualClock clock_;
  MemoryStore disk_;
  FaultyStore store_{disk_};
  DeliveryJournal journal_{store_, clock_};
};

TEST_F(DeliveryJournalTest, KeepsTheAttemptsOfEachAliasInOrder) {
  Note("a", "retried", "HTTP 503");
  Note("b", "created");
  Pass(absl::Seconds(1));
  Note("a", "created");
  EXPECT_EQ(Kept("a"), Texts());
  ASSERT_TRUE(journal_.Flush().ok());
  EXPECT_EQ(Kept("a"), (Texts{"retried*1", "created*1"}));
  EXPECT_EQ(Kept("b"), Texts{"created*1"});
  const auto records = *ReadDeliveries(store_, "a");
  EXPECT_EQ(records[0].error(), "HTTP 503");
  EXPECT_EQ(records[0].receiver(), "team");
  EXPECT_EQ(records[0].action(), "create");
  EXPECT_EQ(records[0].episode(), 7u);
  EXPECT_EQ(records[1].first_ms(), records[0].first_ms() + 1000);
}

TEST_F(DeliveryJournalTest, RepeatedAttemptsAreOneRecord) {
  for (int i = 0; i < 5; ++i) {
    Note("a", "retried", "no route");
    if (i == 2) {
      ASSERT_TRUE(journal_.Flush().ok());
    }
    Pass(absl::Seconds(1));
  }
  Note("a", "retried", "HTTP 503");
  ASSERT_TRUE(journal_.Flush().ok());
  EXPECT_EQ(Kept("a"), (Texts{"retried*5", "retried*1"}));
  const auto records = *ReadDeliveries(store_, "a");
  EXPECT_EQ(records[0].last_ms() - records[0].first_ms(), 4000);
}

TEST_F(DeliveryJournalTest, AnAliasHasAtMostSoMany) {
  for (size_t i = 0; i < DeliveryJournal::kPerAliasMax + 5; ++i) {
    Note("a", absl::StrCat("o", i));
    Pass(absl::Milliseconds(i % 3));
  }
  Note("b", "created");
  ASSERT_TRUE(journal_.Flush().ok());
  EXPECT_EQ(Kept("a").size(), DeliveryJournal::kPerAliasMax);
  EXPECT_EQ(Kept("a").front(), "o5*1");
  EXPECT_EQ(Kept("a").back(), absl::StrCat("o", DeliveryJournal::kPerAliasMax + 4, "*1"));
  EXPECT_EQ(Kept("b").size(), 1u);
}

TEST_F(DeliveryJournalTest, AFailedWriteIsRepeated) {
  Note("a", "created");
  store_.SetDiskFull(true);
  EXPECT_FALSE(journal_.Flush().ok());
  Note("a", "closed");
  store_.SetDiskFull(false);
  ASSERT_TRUE(journal_.Flush().ok());
  EXPECT_EQ(Kept("a"), (Texts{"created*1", "closed*1"}));
}

TEST_F(DeliveryJournalTest, WhatFindsNoRoomIsCounted) {
  for (size_t i = 0; i < DeliveryJournal::kWaitingMax + 3; ++i) Note("a", "retried");
  EXPECT_EQ(journal_.dropped(), 3u);
}

TEST_F(DeliveryJournalTest, OrderSurvivesAClockThatIsSetBack) {
  Note("a", "retried");
  clock_.Step(-absl::Hours(1));
  Note("a", "created");
  ASSERT_TRUE(journal_.Flush().ok());
  EXPECT_EQ(Kept("a"), (Texts{"retried*1", "created*1"}));
}

TEST_F(DeliveryJournalTest, RetentionIsThatOfTransitions) {
  Note("a", "created");
  ASSERT_TRUE(journal_.Flush().ok());
  HistorySweep sweep(store_, absl::Hours(24));
  ASSERT_TRUE(sweep.Step(clock_.Now() + absl::Hours(23)).ok());
  EXPECT_EQ(Kept("a").size(), 1u);
  ASSERT_TRUE(sweep.Step(clock_.Now() + absl::Hours(25)).ok());
  EXPECT_EQ(Kept("a"), Texts());
}

}  // namespace
}  // namespace tocsin::storage
