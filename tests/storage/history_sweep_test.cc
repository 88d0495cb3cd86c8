#include "storage/history_sweep.h"

#include <gtest/gtest.h>

#include "storage/keys.h"
#include "storage/memory_store.h"

namespace tocsin::storage {
namespace {

constexpr Timestamp kNow = Timestamp::FromMillis(1'700'000'000'000);

void Put(Store& store, int alert, absl::Duration age) {
  WriteBatch batch;
  const Labels labels{{"alert", std::to_string(alert)}};
  batch.Put(Family::kHistory, HistoryKey("rule", labels, kNow - age, 0), "x");
  ASSERT_TRUE(store.Write(batch, Durability::kSynced).ok());
}

int Count(const Store& store) {
  int count = 0;
  EXPECT_TRUE(store
                  .Scan(Family::kHistory, "", "",
                        [&](absl::string_view, absl::string_view) { return ++count > 0; })
                  .ok());
  return count;
}

TEST(HistorySweepTest, ForgetsWhatIsOlderAndNothingElse) {
  MemoryStore store;
  Put(store, 1, absl::Hours(30));
  Put(store, 1, absl::Hours(24));
  Put(store, 2, absl::Hours(25));
  Put(store, 3, absl::Hours(1));
  HistorySweep sweep(store, absl::Hours(24));
  EXPECT_EQ(*sweep.Step(kNow), 2u);
  EXPECT_EQ(Count(store), 2);
  EXPECT_EQ(*sweep.Step(kNow + absl::Minutes(1)), 1u);
}

TEST(HistorySweepTest, LooksAtALimitedNumberPerStepAndGoesRound) {
  MemoryStore store;
  for (int alert = 0; alert < 25; ++alert) Put(store, alert, absl::Hours(30));
  HistorySweep sweep(store, absl::Hours(24), /*keys_per_step=*/10);
  EXPECT_EQ(*sweep.Step(kNow), 10u);
  EXPECT_EQ(*sweep.Step(kNow), 10u);
  EXPECT_EQ(*sweep.Step(kNow), 5u);
  EXPECT_EQ(Count(store), 0);
  Put(store, 1, absl::Hours(30));
  EXPECT_EQ(*sweep.Step(kNow), 1u);
}

}  // namespace
}  // namespace tocsin::storage
