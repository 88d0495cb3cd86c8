#include "integrations/ingest/budget.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>
#include <vector>

namespace tocsin::ingest {
namespace {

class BudgetTest : public testing::Test {
 protected:
  double Refused() { return OverloadCounter(metrics_, "apples").Value(); }

  Metrics metrics_;
  Budget budget_{metrics_, {.reason = "apples", .limit = "apples_max", .amount_max = 10}};
};

TEST_F(BudgetTest, RefusesWhatIsTooMuchAndCountsIt) {
  EXPECT_NE(metrics_.ExpositionText().find("tocsin_ingest_overload_total{reason=\"apples\"} 0"),
            std::string::npos);
  BudgetLease first(budget_), second(budget_);
  EXPECT_TRUE(first.Grow(4).ok());
  EXPECT_TRUE(second.Grow(6).ok());
  const absl::Status refused = first.Grow(1);
  EXPECT_TRUE(absl::IsUnavailable(refused)) << refused;
  EXPECT_NE(refused.message().find("apples_max"), absl::string_view::npos) << refused;
  EXPECT_EQ(Refused(), 1);
  EXPECT_EQ(first.held(), 4u);
  EXPECT_EQ(budget_.used(), 10u);
}

TEST_F(BudgetTest, EndedLeasesGiveBack) {
  BudgetLease lease(budget_);
  ASSERT_TRUE(lease.Grow(4).ok());
  std::optional<BudgetLease> other(budget_);
  ASSERT_TRUE(other->Grow(6).ok());
  EXPECT_FALSE(lease.Grow(6).ok());
  other.reset();
  EXPECT_TRUE(lease.Grow(6).ok());
  EXPECT_EQ(budget_.used(), 10u);
}

TEST_F(BudgetTest, WhoIsAloneIsRefusedNothing) {
  BudgetLease lease(budget_);
  EXPECT_TRUE(lease.Grow(7).ok());
  EXPECT_TRUE(lease.Grow(1000).ok());
  BudgetLease other(budget_);
  EXPECT_FALSE(other.Grow(1).ok());
}

TEST_F(BudgetTest, OneSenderLeavesRoomForOthers) {
  BudgetLease first(budget_, "a"), second(budget_, "a"), other(budget_, "b");
  ASSERT_TRUE(first.Grow(3).ok());
  ASSERT_TRUE(second.Grow(3).ok());
  const absl::Status refused = second.Grow(1);
  EXPECT_TRUE(absl::IsUnavailable(refused)) << refused;
  EXPECT_NE(refused.message().find("of this sender"), absl::string_view::npos) << refused;
  EXPECT_EQ(Refused(), 1);
  EXPECT_TRUE(other.Grow(2).ok());
}

TEST_F(BudgetTest, ManyAtOnceNeverPassTheLimitAndLeaveNothing) {
  std::atomic<uint64_t> taken = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20'000; ++i) {
        BudgetLease lease(budget_);
        while (lease.held() < 4 && lease.Grow(1).ok()) EXPECT_LE(++taken, 10u);
        taken -= lease.held();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(budget_.used(), 0u);
}

}  // namespace
}  // namespace tocsin::ingest
