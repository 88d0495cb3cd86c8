// A shard changes a page while delivery saves progress and removes it: what the shard committed
// must be on disk.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "storage/codec.h"
#include "storage/keys.h"
#include "storage/memory_store.h"
#include "storage/outbox.h"

namespace tocsin::storage {
namespace {

constexpr int kAliases = 2;
constexpr int kRemovalsWanted = 200;
constexpr int kRoundsMax = 2'000'000;

std::string Alias(int number) {
  return "page-" + std::to_string(number);
}

// Opens and closes each page by turns until enough were removed under way; returns the last
// committed change of each.
std::vector<Outbox::Desired> RunShard(Store& store, Outbox& outbox,
                                      const std::atomic<int>& removed) {
  std::vector<Outbox::Desired> last(kAliases);
  for (int round = 1; round <= kRoundsMax && removed < kRemovalsWanted; ++round) {
    Outbox::Desired page = last[static_cast<size_t>(round % kAliases)];
    page.set_alias(Alias(round % kAliases));
    page.set_sequence(page.sequence() + 1);
    page.set_open(page.sequence() % 2 == 1);
    WriteBatch batch;
    EXPECT_TRUE(outbox.Stage(page, batch).ok());
    const bool commit = round % 7 != 0;  // the others stand for batches that could not be written
    if (commit) {
      EXPECT_TRUE(store.Write(batch, Durability::kBuffered).ok());
      last[static_cast<size_t>(round % kAliases)] = page;
    }
    outbox.Publish(page, commit);
    std::this_thread::yield();
  }
  return last;
}

// Confirms whatever it sees and removes closed pages.
void RunDelivery(Outbox& outbox, const std::atomic<bool>& stop, std::atomic<int>& removed) {
  while (!stop) {
    for (const std::string& alias : outbox.Aliases()) {
      const auto entry = outbox.Find(alias);
      if (!entry) continue;
      Outbox::Progress progress;
      progress.set_alias(alias);
      progress.add_targets()->set_confirmed_sequence(entry->desired.sequence());
      EXPECT_TRUE(outbox.SaveProgress(progress, true, Durability::kBuffered).ok());
      const auto gone = outbox.Remove(alias, entry->desired.sequence());
      EXPECT_TRUE(gone.ok());
      if (gone.value_or(false)) ++removed;
    }
  }
}

TEST(OutboxRaceTest, RemovalNeverTakesANewerChangeWithIt) {
  MemoryStore store;
  Outbox outbox(store, 10);
  ASSERT_TRUE(outbox.Recover().ok());
  std::atomic<bool> stop = false;
  std::atomic<int> removed = 0;
  std::thread delivery([&] { RunDelivery(outbox, stop, removed); });
  const std::vector<Outbox::Desired> last = RunShard(store, outbox, removed);
  stop = true;
  delivery.join();
  EXPECT_GE(removed, kRemovalsWanted) << "the race was not exercised";

  for (const Outbox::Desired& page : last) {
    const auto stored = *store.Get(Family::kOutbox, DesiredKey(page.alias()));
    const auto entry = outbox.Find(page.alias());
    ASSERT_EQ(stored.has_value(), entry.has_value()) << page.alias();
    if (page.open()) {
      ASSERT_TRUE(entry.has_value()) << page.alias();
    }
    if (!stored) continue;
    Outbox::Desired read;
    ASSERT_TRUE(DecodeMessage(*stored, read).ok());
    EXPECT_EQ(read.sequence(), page.sequence());
    EXPECT_EQ(entry->desired.sequence(), page.sequence());
  }
}

// A store on which the first write that deletes waits until it is let go.
class PausingStore : public MemoryStore {
 public:
  absl::Status Write(const WriteBatch& batch, Durability durability) override {
    if (batch.operations().at(0).kind == WriteBatch::Kind::kDelete && !paused_.exchange(true)) {
      paused_.notify_all();
      go_.wait(false);
    }
    return MemoryStore::Write(batch, durability);
  }
  void AwaitPause() { paused_.wait(false); }
  void Go() {
    go_ = true;
    go_.notify_all();
  }

 private:
  std::atomic<bool> paused_ = false;
  std::atomic<bool> go_ = false;
};

// The exact interleaving: Stage comes while the removal is being written.
TEST(OutboxRaceTest, StageWaitsForARemovalUnderWay) {
  PausingStore store;
  Outbox outbox(store, 10);
  ASSERT_TRUE(outbox.Recover().ok());
  Outbox::Desired page;
  page.set_alias("a");
  page.set_sequence(1);
  WriteBatch closed;
  ASSERT_TRUE(outbox.Stage(page, closed).ok());
  ASSERT_TRUE(store.Write(closed, Durability::kSynced).ok());
  outbox.Publish(page, true);

  std::thread delivery([&] { EXPECT_TRUE(*outbox.Remove("a", 1)); });
  store.AwaitPause();
  std::atomic<bool> staged = false;
  page.set_sequence(2);
  page.set_open(true);
  std::thread shard([&] {
    WriteBatch reopened;
    EXPECT_TRUE(outbox.Stage(page, reopened).ok());
    staged = true;
    EXPECT_TRUE(store.Write(reopened, Durability::kSynced).ok());
    outbox.Publish(page, true);
  });
  for (int i = 0; i < 1000; ++i) std::this_thread::yield();
  EXPECT_FALSE(staged);
  store.Go();
  delivery.join();
  shard.join();
  EXPECT_EQ(outbox.Find("a")->desired.sequence(), 2u);
  EXPECT_TRUE(store.Get(Family::kOutbox, DesiredKey("a"))->has_value());
}

}  // namespace
}  // namespace tocsin::storage
