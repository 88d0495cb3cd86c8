// What delivery notes of its attempts, for explanations.
#include <gtest/gtest.h>

#include <memory>

#include "base/manual_clock.h"
#include "integrations/delivery/delivery.h"
#include "storage/delivery_journal.h"
#include "tests/opsgenie/delivery_world.h"

namespace tocsin::delivery {
namespace {

TEST(DeliveryEvidenceTest, AttemptsAndTheirOutcomesAreNoted) {
  ManualClock clock;
  clock.AdvanceTo(Timestamp::FromMillis(1'700'000'000'000));
  storage::MemoryStore store;
  storage::Outbox outbox(store, 10);
  storage::DeliveryJournal journal(store, clock);
  Metrics metrics;
  SeededRandom random(1);
  Delivery delivery(outbox, metrics, random,
                    [](const std::string& text, const state::v1::DesiredPage&) { return text; },
                    std::make_shared<const ReceiversAndRoutes>(TestConfig(TestTarget())),
                    {.journal = &journal});
  outbox.SetListener([&](const std::string& alias) { delivery.Notify(alias); });
  delivery.Start(clock.Now());

  state::v1::DesiredPage page;
  page.set_alias("a");
  page.set_sequence(1);
  page.set_episode(1);
  page.set_open(true);
  page.set_rule("monitor/m");
  page.set_severity("critical");
  storage::WriteBatch batch;
  ASSERT_TRUE(outbox.Stage(page, batch).ok());
  ASSERT_TRUE(store.Write(batch, storage::Durability::kSynced).ok());
  outbox.Publish(page, /*committed=*/true);

  const auto work = delivery.Take(clock.Now());
  ASSERT_TRUE(work);
  http_client::HttpResponse answer;
  answer.status = 503;
  delivery.Complete(*work, answer, clock.Now());
  ASSERT_TRUE(journal.Flush().ok());

  const auto noted = *storage::ReadDeliveries(store, "a");
  ASSERT_EQ(noted.size(), 1u);
  EXPECT_EQ(noted[0].action(), "create");
  EXPECT_EQ(noted[0].outcome(), "retried");
  EXPECT_FALSE(noted[0].error().empty());
  EXPECT_EQ(noted[0].episode(), 1u);
  EXPECT_EQ(noted[0].first_ms(), clock.Now().millis());
  EXPECT_EQ(noted[0].error().find(kTestKey), std::string::npos);
}

}  // namespace
}  // namespace tocsin::delivery
