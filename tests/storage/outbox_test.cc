#include "storage/outbox.h"

#include <gtest/gtest.h>

#include "storage/codec.h"
#include "storage/keys.h"
#include "storage/memory_store.h"
#include "tests/support/faulty_store.h"

namespace tocsin::storage {
namespace {

using absl::StatusCode;

Outbox::Desired Page(const std::string& alias, uint64_t sequence, bool open = true) {
  Outbox::Desired page;
  page.set_alias(alias);
  page.set_sequence(sequence);
  page.set_open(open);
  page.set_episode(1);
  page.set_changed_ms(static_cast<int64_t>(1000 * sequence));
  return page;
}

// Delivery's record with one target that confirmed the change `sequence`.
Outbox::Progress Confirmed(const std::string& alias, uint64_t sequence) {
  Outbox::Progress progress;
  progress.set_alias(alias);
  progress.set_routed_episode(1);
  auto* target = progress.add_targets();
  target->set_receiver("team");
  target->set_confirmed_sequence(sequence);
  return progress;
}

class OutboxTest : public testing::Test {
 protected:
  OutboxTest() { Restart(); }

  void Restart(size_t entries_max = 3) {
    outbox_ = std::make_unique<Outbox>(store_, entries_max);
    const auto moved = outbox_->Recover();
    ASSERT_TRUE(moved.ok()) << moved.status();
    moved_aside_ = *moved;
  }
  // A shard's whole step.
  absl::Status Commit(const Outbox::Desired& page) {
    WriteBatch batch;
    const absl::Status staged = outbox_->Stage(page, batch);
    if (!staged.ok()) return staged;
    const absl::Status written = store_.Write(batch, Durability::kSynced);
    outbox_->Publish(page, written.ok());
    return written;
  }
  absl::Status Settle(const std::string& alias, uint64_t sequence) {
    return outbox_->SaveProgress(Confirmed(alias, sequence), true, Durability::kSynced);
  }
  std::string RawKeys() {
    std::string keys;
    EXPECT_TRUE(disk_
                    .Scan(Family::kOutbox, "", "",
                          [&](absl::string_view key, absl::string_view) {
                            keys += std::string(key) + " ";
                            return true;
                          })
                    .ok());
    return keys;
  }

  MemoryStore disk_;
  FaultyStore store_{disk_};
  std::unique_ptr<Outbox> outbox_;
  size_t moved_aside_ = 0;
};

TEST_F(OutboxTest, PageIsOwedExactlyIfItsBatchWasCommitted) {
  ASSERT_TRUE(Commit(Page("a", 1)).ok());
  store_.FailWrite(1, FaultyStore::Fault::kRefused);
  EXPECT_FALSE(Commit(Page("b", 1)).ok());
  EXPECT_EQ(outbox_->Aliases(), std::vector<std::string>({"a"}));
  EXPECT_EQ(outbox_->size(), 1u);
  EXPECT_EQ(outbox_->Find("a")->desired.sequence(), 1u);
  EXPECT_FALSE(outbox_->Find("b").has_value());
  EXPECT_EQ(RawKeys(), "da ");
}

TEST_F(OutboxTest, StagedPageIsInvisibleUntilPublished) {
  WriteBatch batch;
  ASSERT_TRUE(outbox_->Stage(Page("a", 1), batch).ok());
  EXPECT_FALSE(outbox_->Find("a").has_value());
  EXPECT_EQ(outbox_->size(), 0u);
  EXPECT_EQ(outbox_->OldestUnsettledMillis(), std::nullopt);
  outbox_->Publish(Page("a", 1), true);
  EXPECT_TRUE(outbox_->Find("a").has_value());
}

TEST_F(OutboxTest, UncommittedChangeLeavesTheOlderOne) {
  ASSERT_TRUE(Commit(Page("a", 1)).ok());
  store_.FailWrite(1, FaultyStore::Fault::kRefused);
  EXPECT_FALSE(Commit(Page("a", 2)).ok());
  EXPECT_EQ(outbox_->Find("a")->desired.sequence(), 1u);
}

TEST_F(OutboxTest, BothHalvesSurviveARestart) {
  ASSERT_TRUE(Commit(Page("a", 1)).ok());
  ASSERT_TRUE(Settle("a", 1).ok());
  ASSERT_TRUE(Commit(Page("b", 4)).ok());
  Restart();
  EXPECT_EQ(outbox_->Aliases(), std::vector<std::string>({"a", "b"}));
  EXPECT_EQ(outbox_->Find("a")->progress.targets(0).confirmed_sequence(), 1u);
  EXPECT_EQ(outbox_->Find("b")->progress.targets_size(), 0);
  EXPECT_EQ(outbox_->OldestUnsettledMillis(), 4000) << "only b is not confirmed";
}

TEST_F(OutboxTest, ListenerHearsEachPublishOutsideTheLock) {
  std::string heard;
  outbox_->SetListener([&](const std::string& alias) {
    heard += alias + std::to_string(outbox_->size()) + " ";  // would hang under the lock
  });
  ASSERT_TRUE(Commit(Page("a", 1)).ok());
  ASSERT_TRUE(Commit(Page("b", 1)).ok());
  EXPECT_EQ(heard, "a1 b2 ");
}

TEST_F(OutboxTest, FullQueueRefusesNewAliasesInsteadOfDropping) {
  for (const char* alias : {"a", "b", "c"}) ASSERT_TRUE(Commit(Page(alias, 1)).ok());
  EXPECT_EQ(Commit(Page("d", 1)).code(), StatusCode::kResourceExhausted);
  EXPECT_TRUE(Commit(Page("a", 2, false)).ok()) << "a known alias always fits";
  ASSERT_TRUE(Settle("a", 2).ok());
  EXPECT_TRUE(*outbox_->Remove("a", 2));
  EXPECT_TRUE(Commit(Page("d", 1)).ok());
}

TEST_F(OutboxTest, StagedAliasesCountAgainstTheLimitUntilForgotten) {
  Restart(1);
  WriteBatch batch;
  ASSERT_TRUE(outbox_->Stage(Page("a", 1), batch).ok());
  EXPECT_EQ(outbox_->Stage(Page("b", 1), batch).code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(batch.size(), 1u) << "the refused one is not in the batch";
  outbox_->Publish(Page("a", 1), false);
  EXPECT_TRUE(outbox_->Stage(Page("b", 1), batch).ok());
}

TEST_F(OutboxTest, MoreEntriesThanTheLimitAllComeBack) {
  for (const char* alias : {"a", "b", "c"}) ASSERT_TRUE(Commit(Page(alias, 1)).ok());
  Restart(1);
  EXPECT_EQ(outbox_->size(), 3u);
  EXPECT_EQ(Commit(Page("d", 1)).code(), StatusCode::kResourceExhausted);
}

TEST_F(OutboxTest, RemoveTakesClosedPagesOfThatSequenceOnly) {
  ASSERT_TRUE(Commit(Page("a", 1)).ok());
  EXPECT_FALSE(*outbox_->Remove("a", 1)) << "open";
  ASSERT_TRUE(Commit(Page("a", 2, false)).ok());
  EXPECT_FALSE(*outbox_->Remove("a", 1)) << "changed since";
  EXPECT_FALSE(*outbox_->Remove("x", 1)) << "unknown";
  WriteBatch batch;
  ASSERT_TRUE(outbox_->Stage(Page("a", 3), batch).ok());
  EXPECT_FALSE(*outbox_->Remove("a", 2)) << "a change is under way";
  outbox_->Publish(Page("a", 3), false);
  ASSERT_TRUE(Settle("a", 2).ok());
  EXPECT_TRUE(*outbox_->Remove("a", 2));
  EXPECT_EQ(RawKeys(), "");
  EXPECT_EQ(outbox_->size(), 0u);
  EXPECT_EQ(outbox_->OldestUnsettledMillis(), std::nullopt);
}

TEST_F(OutboxTest, RemoveThatCannotBeWrittenKeepsTheEntry) {
  ASSERT_TRUE(Commit(Page("a", 1, false)).ok());
  store_.FailWrite(1, FaultyStore::Fault::kRefused);
  EXPECT_EQ(outbox_->Remove("a", 1).status().code(), StatusCode::kUnavailable);
  EXPECT_TRUE(outbox_->Find("a").has_value());
  EXPECT_TRUE(*outbox_->Remove("a", 1));
}

// The removal is not synced: when a crash takes it, the entry is back whole and confirmed.
TEST_F(OutboxTest, RemovalLostInACrashBringsBackBothHalves) {
  ASSERT_TRUE(Commit(Page("a", 1, false)).ok());
  ASSERT_TRUE(Settle("a", 1).ok());
  ASSERT_TRUE(*outbox_->Remove("a", 1));
  store_.Crash();
  Restart();
  EXPECT_EQ(outbox_->OldestUnsettledMillis(), std::nullopt);
  EXPECT_TRUE(*outbox_->Remove("a", 1));
}

TEST_F(OutboxTest, OldestUnsettledIsTheFirstChangeNotConfirmed) {
  ASSERT_TRUE(Commit(Page("a", 1)).ok());
  ASSERT_TRUE(Commit(Page("a", 2)).ok());
  ASSERT_TRUE(Commit(Page("b", 3)).ok());
  EXPECT_EQ(outbox_->OldestUnsettledMillis(), 1000);
  ASSERT_TRUE(outbox_->SaveProgress(Confirmed("a", 2), false, Durability::kBuffered).ok());
  EXPECT_EQ(outbox_->OldestUnsettledMillis(), 1000) << "delivery did not call it settled";
  ASSERT_TRUE(Settle("a", 2).ok());
  EXPECT_EQ(outbox_->OldestUnsettledMillis(), 3000);
  ASSERT_TRUE(Settle("b", 3).ok());
  EXPECT_EQ(outbox_->OldestUnsettledMillis(), std::nullopt);
}

TEST_F(OutboxTest, SettlingAnOlderChangeLeavesTheNewerOneOwed) {
  ASSERT_TRUE(Commit(Page("a", 1)).ok());
  ASSERT_TRUE(Commit(Page("a", 2)).ok());
  ASSERT_TRUE(Settle("a", 1).ok());
  EXPECT_EQ(outbox_->OldestUnsettledMillis(), 2000);
}

TEST_F(OutboxTest, PageWithoutReceiversSettlesByItsEpisode) {
  ASSERT_TRUE(Commit(Page("a", 1)).ok());
  Outbox::Progress nobody;
  nobody.set_alias("a");
  ASSERT_TRUE(outbox_->SaveProgress(nobody, true, Durability::kBuffered).ok());
  EXPECT_EQ(outbox_->OldestUnsettledMillis(), 1000) << "routed for an older episode";
  nobody.set_routed_episode(1);
  ASSERT_TRUE(outbox_->SaveProgress(nobody, true, Durability::kBuffered).ok());
  EXPECT_EQ(outbox_->OldestUnsettledMillis(), std::nullopt);
}

TEST_F(OutboxTest, ProgressOfAnUnknownPageIsRefused) {
  EXPECT_EQ(Settle("a", 1).code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(RawKeys(), "");
}

TEST_F(OutboxTest, ProgressThatCannotBeWrittenIsNotTaken) {
  ASSERT_TRUE(Commit(Page("a", 1)).ok());
  store_.FailWrite(1, FaultyStore::Fault::kRefused);
  EXPECT_EQ(Settle("a", 1).code(), StatusCode::kUnavailable);
  EXPECT_EQ(outbox_->Find("a")->progress.targets_size(), 0);
  EXPECT_EQ(outbox_->OldestUnsettledMillis(), 1000);
}

TEST_F(OutboxTest, EntryThatDoesNotDecodeIsMovedAsideAndTheRestGoesOn) {
  ASSERT_TRUE(Commit(Page("a", 1)).ok());
  ASSERT_TRUE(Commit(Page("b", 1)).ok());
  WriteBatch damage;
  damage.Put(Family::kOutbox, DesiredKey("a"), "\x01\xff");
  damage.Put(Family::kOutbox, ProgressKey("b"), "");
  damage.Put(Family::kOutbox, DesiredKey("c"), EncodeMessage(Page("other", 1)));
  damage.Put(Family::kOutbox, "?", "x");
  ASSERT_TRUE(store_.Write(damage, Durability::kSynced).ok());
  Restart();
  EXPECT_EQ(moved_aside_, 4u);
  EXPECT_EQ(outbox_->Aliases(), std::vector<std::string>({"b"}));
  EXPECT_EQ(RawKeys(), "db x? xcb xda xdc ");
  Restart();
  EXPECT_EQ(moved_aside_, 0u) << "moved once";
}

// The state that paged was not written before the process died, or is damaged: nobody else would
// close the page. What is known about the remote side still counts when the alert changes again.
TEST_F(OutboxTest, ProgressWithoutItsDesiredHalfIsOwedAsClosed) {
  ASSERT_TRUE(Commit(Page("a", 5)).ok());
  ASSERT_TRUE(Settle("a", 5).ok());
  WriteBatch lost;
  lost.Delete(Family::kOutbox, DesiredKey("a"));
  ASSERT_TRUE(store_.Write(lost, Durability::kSynced).ok());
  Restart();
  EXPECT_EQ(outbox_->size(), 1u);
  const auto entry = outbox_->Find("a");
  ASSERT_TRUE(entry.has_value());
  EXPECT_FALSE(entry->desired.open());
  EXPECT_EQ(entry->desired.sequence(), 6u);
  EXPECT_EQ(entry->desired.episode(), entry->progress.routed_episode());
  EXPECT_TRUE(outbox_->OldestUnsettledMillis().has_value());
  ASSERT_TRUE(Commit(Page("a", 7)).ok());
  EXPECT_EQ(outbox_->Find("a")->progress.targets(0).confirmed_sequence(), 5u);
  ASSERT_TRUE(Commit(Page("a", 8, false)).ok());
  EXPECT_TRUE(*outbox_->Remove("a", 8));
  EXPECT_EQ(RawKeys(), "");
}

TEST_F(OutboxTest, NewerFormatIsRefusedAndNothingIsMoved) {
  WriteBatch newer;
  newer.Put(Family::kOutbox, DesiredKey("a"), "\x02...");
  newer.Put(Family::kOutbox, DesiredKey("b"), "");
  ASSERT_TRUE(store_.Write(newer, Durability::kSynced).ok());
  Outbox outbox(store_, 3);
  EXPECT_EQ(outbox.Recover().status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(RawKeys(), "da db ");
}

}  // namespace
}  // namespace tocsin::storage
