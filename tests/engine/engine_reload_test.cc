// Reloads of the engine with its threads: all shards stand still at once, also if two reload at the
// same time and others ask the shards meanwhile.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>

#include "absl/strings/str_cat.h"
#include "engine/engine.h"
#include "rules/rule_file.h"
#include "storage/memory_store.h"

namespace tocsin::engine {
namespace {

std::shared_ptr<const rules::RuleSet> Rules(int number, bool composite) {
  std::string yaml = "monitors:\n";
  for (int i = 0; i < 12; ++i) {
    absl::StrAppend(&yaml, "- {name: m", i, ", query: load, threshold: {critical: '> 5'}}\n");
  }
  if (composite) absl::StrAppend(&yaml, "- {name: all, composite: m1 and m2 and m3 and m4}\n");
  absl::StrAppend(&yaml, "# ", number, "\n");
  rules::LoadResult loaded = rules::LoadRules({{"f", yaml}});
  EXPECT_TRUE(loaded.ok());
  return std::make_shared<rules::RuleSet>(std::move(loaded.rules));
}

TEST(EngineReloadTest, ShardsStandStillTogether) {
  storage::MemoryStore store;
  storage::Outbox outbox(store, 100);
  ASSERT_TRUE(outbox.Recover().ok());
  const auto log = *storage::OpenSampleLog(store);
  const SystemClock clock;
  Metrics metrics;
  EngineOptions options;
  options.shards = 4;
  Engine engine(options, store, outbox, *log, clock, metrics);
  ASSERT_TRUE(engine.Recover(Rules(0, false)).ok());
  engine.Start();

  std::atomic<bool> done = false;
  std::thread asker([&] {
    while (!done) engine.ForEachShard([](const Shard& shard) { EXPECT_TRUE(shard.has_rules()); });
  });
  std::thread sender([&] {
    for (int i = 0; i < 500 && !done; ++i) {
      SampleBatch batch;
      batch.Add(*engine.Resolve(Labels{{"__name__", "load"}}), clock.Now().millis(), 9);
      engine.Submit(std::move(batch), [](const absl::Status&) {});
      std::this_thread::yield();
    }
  });
  const auto reload = [&](int from) {
    for (int i = 0; i < 25; ++i) {
      EXPECT_TRUE(engine.Reload(Rules(from + i, i % 2 == 0)).ok());
    }
  };
  std::thread other([&] { reload(100); });
  reload(200);
  other.join();
  EXPECT_TRUE(engine.Reload(Rules(300, true)).ok());
  done = true;
  asker.join();
  sender.join();

  size_t monitors = 0;
  engine.ForEachShard([&](const Shard& shard) { monitors += shard.monitors().size(); });
  EXPECT_EQ(monitors, 13u);
  engine.Stop();
  EXPECT_EQ(engine.Reload(Rules(400, false)).code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace tocsin::engine
