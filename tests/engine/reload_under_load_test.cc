// Reloads one after the other while senders send and shards evaluate, with real threads: all shards
// take the rules or none does, and an alert whose rule stays is not touched. The thread sanitizer
// runs it, too.

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "base/clock.h"
#include "base/mutex.h"
#include "engine/engine.h"
#include "rules/rule_file.h"
#include "storage/memory_store.h"

namespace tocsin::engine {
namespace {

using RuleSetPtr = std::shared_ptr<const rules::RuleSet>;

constexpr int kReloads = 60;
constexpr int kSenders = 2;
constexpr int kSeries = 20;

// Parses, but no shard can run it.
constexpr char kUnusable[] = R"yaml(
monitors:
  - {name: unusable, query: "limitk(1, depth)", threshold: {critical: "> 10"}}
)yaml";

RuleSetPtr Load(const std::vector<rules::RuleFile>& files) {
  rules::LoadOptions options;
  options.parse.experimental = true;
  rules::LoadResult loaded = rules::LoadRules(files, options);
  for (const auto& finding : loaded.diagnostics) ADD_FAILURE() << finding.message;
  return std::make_shared<const rules::RuleSet>(std::move(loaded.rules));
}

// "steady" fires in every set; the others come, go and change.
std::string Rules(int variant) {
  return absl::Substitute(R"yaml(
monitors:
  - {name: steady, query: depth, threshold: {critical: "> 10"}}
  - name: other-$0
    query: avg by (sender) (avg_over_time(depth[$1m]))
    threshold: {critical: "> 1000"}
groups:
  - name: g
    interval: 1s
    rules:
      - {record: sum_$0, expr: sum(depth)}
)yaml",
                          variant, 1 + variant % 3);
}

class ReloadUnderLoadTest : public ::testing::Test {
 protected:
  ReloadUnderLoadTest() {
    outbox_.SetListener([this](const std::string& alias) {
      const auto entry = outbox_.Find(alias);
      if (entry && !entry->desired.open()) ++closed_;
      MutexLock lock(mutex_);
      changed_.NotifyAll();
    });
    EXPECT_TRUE(engine_.Recover(Load({{"rules.yaml", Rules(0)}})).ok());
    engine_.Start();
  }
  ~ReloadUnderLoadTest() override { engine_.Stop(); }

  void SendUntilStopped(int sender) {
    std::vector<SeriesRef> refs;
    for (int i = 0; i < kSeries; ++i) {
      const auto ref = engine_.Resolve(
          Labels{{"__name__", "depth"}, {"sender", absl::StrCat(sender)}, {"i", absl::StrCat(i)}});
      ASSERT_TRUE(ref.ok()) << ref.status();
      refs.push_back(*ref);
    }
    while (!stop_) {
      SampleBatch batch;
      for (const SeriesRef ref : refs) batch.Add(ref, clock_.Now().millis(), 100);
      Mutex mutex;
      CondVar committed;
      bool done = false;
      engine_.Submit(std::move(batch), [&](const absl::Status& status) {
        EXPECT_TRUE(status.ok()) << status;
        MutexLock lock(mutex);
        done = true;
        committed.NotifyAll();
      });
      MutexLock lock(mutex);
      while (!done) committed.Wait(mutex);
      committed.WaitFor(mutex, absl::Milliseconds(5));
    }
  }
  void ExpectAllShardsHave(const RuleSetPtr& rules) {
    engine_.ForEachShard([&](const Shard& shard) { EXPECT_EQ(shard.rules().get(), rules.get()); });
  }
  void AwaitPages(size_t count) {
    MutexLock lock(mutex_);
    while (outbox_.size() < count) changed_.Wait(mutex_);
  }

  static EngineOptions TwoShards() {
    EngineOptions options;
    options.shards = 2;
    return options;
  }

  const SystemClock clock_;
  Metrics metrics_;
  storage::MemoryStore store_;
  storage::Outbox outbox_{store_, 100};
  std::unique_ptr<storage::SampleLog> log_ = *storage::OpenSampleLog(store_);
  Engine engine_{TwoShards(), store_, outbox_, *log_, clock_, metrics_};
  std::atomic<bool> stop_ = false;
  std::atomic<int> closed_ = 0;
  Mutex mutex_;
  CondVar changed_;
};

TEST_F(ReloadUnderLoadTest, AllShardsTakeTheRulesOrNoneDoesAndWhatFiresGoesOn) {
  std::vector<std::thread> senders;
  for (int i = 0; i < kSenders; ++i) senders.emplace_back([this, i] { SendUntilStopped(i); });
  AwaitPages(kSenders * kSeries);
  const RuleSetPtr unusable = Load({{"rules.yaml", Rules(1)}, {"more.yaml", kUnusable}});
  RuleSetPtr current;
  for (int i = 1; i <= kReloads; ++i) {
    const RuleSetPtr next = Load({{"rules.yaml", Rules(i)}});
    ASSERT_TRUE(engine_.Reload(next).ok());
    current = next;
    ExpectAllShardsHave(current);
    EXPECT_FALSE(engine_.Reload(unusable).ok());
    ExpectAllShardsHave(current);
  }
  stop_ = true;
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(outbox_.size(), static_cast<size_t>(kSenders * kSeries));
  EXPECT_EQ(closed_, 0) << "no page of the rule that stays is closed";
}

}  // namespace
}  // namespace tocsin::engine
