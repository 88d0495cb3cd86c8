#include "base/fair_shares.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "base/random.h"

namespace tocsin {
namespace {

using Answer = FairShares::Answer;

// As much as one gets in steps of 1.
uint64_t TakeAll(FairShares& shares, const std::string& holder) {
  uint64_t taken = 0;
  while (shares.Take(holder, 1) == Answer::kTaken) ++taken;
  return taken;
}

TEST(FairSharesTest, WhoWantsAllLeavesRoomForOthers) {
  FairShares shares(900);
  EXPECT_EQ(TakeAll(shares, "a"), 600u);
  EXPECT_EQ(shares.Take("a", 1), Answer::kOverShare);
  EXPECT_EQ(TakeAll(shares, "b"), 200u);
  EXPECT_EQ(shares.Take("c", 10), Answer::kTaken);
  EXPECT_EQ(shares.used(), 810u);
}

TEST(FairSharesTest, TwoWhoWantAllGetTheSame) {
  FairShares shares(1000);
  uint64_t a = 0, b = 0;
  while (shares.Take("a", 1) == Answer::kTaken && shares.Take("b", 1) == Answer::kTaken) ++a, ++b;
  EXPECT_EQ(a, 400u);
  EXPECT_EQ(b, 400u);
}

TEST(FairSharesTest, NobodyInParticularHasAllThatIsFree) {
  FairShares shares(100);
  EXPECT_EQ(TakeAll(shares, "a"), 66u);
  EXPECT_EQ(TakeAll(shares, ""), 34u);
  EXPECT_EQ(shares.Take("", 1), Answer::kFull);
  EXPECT_EQ(shares.Take("b", 1), Answer::kFull);
}

TEST(FairSharesTest, WhatIsGivenBackIsFree) {
  FairShares shares(300);
  ASSERT_EQ(shares.Take("a", 200), Answer::kTaken);
  EXPECT_EQ(shares.Take("a", 1), Answer::kOverShare);
  shares.Give("a", 150);
  EXPECT_EQ(shares.Take("a", 100), Answer::kTaken);
  shares.Give("a", 150);
  EXPECT_EQ(shares.used(), 0u);
}

TEST(FairSharesTest, SomeTakeMoreThanThereIs) {
  FairShares shares(10);
  shares.TakeAnyway("a", 1000);
  EXPECT_EQ(shares.Take("b", 1), Answer::kFull);
  shares.Give("a", 1000);
  EXPECT_EQ(shares.Take("b", 1), Answer::kTaken);
  EXPECT_EQ(shares.Take("b", ~uint64_t{0}), Answer::kFull);
}

// Whatever is taken and given: no sum passes the amount, and no holder twice what is free.
TEST(FairSharesTest, RandomTakingKeepsTheBounds) {
  SeededRandom random(7);
  FairShares shares(1000);
  std::map<std::string, uint64_t> held;
  for (int i = 0; i < 20'000; ++i) {
    const std::string holder(1, static_cast<char>('a' + random.Next() % 6));
    const uint64_t amount = random.Next() % 120;
    if (random.Next() % 3 == 0) {
      const uint64_t give = std::min(held[holder], amount);
      shares.Give(holder, give);
      held[holder] -= give;
    } else if (shares.Take(holder, amount) == Answer::kTaken) {
      held[holder] += amount;
      EXPECT_LE(held[holder], 2 * (1000 - shares.used())) << holder;
    }
    uint64_t sum = 0;
    for (const auto& [name, of] : held) sum += of;
    ASSERT_EQ(shares.used(), sum);
    ASSERT_LE(sum, 1000u);
  }
}

}  // namespace
}  // namespace tocsin
