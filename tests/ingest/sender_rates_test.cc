#include "integrations/ingest/sender_rates.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "base/manual_clock.h"
#include "integrations/ingest/budget.h"
#include "integrations/ingest/retry_after.h"

namespace tocsin::ingest {
namespace {

class SenderRatesTest : public ::testing::Test {
 protected:
  SenderRates Rates(uint64_t per_second) {
    limits_.samples_per_second_per_sender_max = per_second;
    return SenderRates(limits_, clock_, metrics_);
  }
  // How long a sender has to wait; zero if it may come.
  static absl::Duration Wait(SenderRates& rates, const std::string& sender) {
    const absl::Status status = rates.Admit(sender);
    if (status.ok()) return absl::ZeroDuration();
    EXPECT_TRUE(absl::IsResourceExhausted(status)) << status;
    return RetryAfterOf(status).value_or(absl::InfiniteDuration());
  }

  Limits limits_;
  ManualClock clock_;
  Metrics metrics_;
};

TEST_F(SenderRatesTest, WithoutALimitEverythingGoes) {
  SenderRates rates = Rates(0);
  rates.Charge("a", 1'000'000'000);
  EXPECT_TRUE(rates.Admit("a").ok());
}

TEST_F(SenderRatesTest, DebtIsPaidOffByTime) {
  SenderRates rates = Rates(100);
  EXPECT_TRUE(rates.Admit("a").ok());
  rates.Charge("a", 1000);  // ten seconds' credit
  EXPECT_TRUE(rates.Admit("a").ok());
  rates.Charge("a", 250);
  EXPECT_EQ(Wait(rates, "a"), absl::Milliseconds(2500));
  EXPECT_EQ(Wait(rates, "b"), absl::ZeroDuration());
  clock_.AdvanceTo(clock_.Now() + absl::Milliseconds(2400));
  EXPECT_EQ(Wait(rates, "a"), absl::Milliseconds(100));
  clock_.AdvanceTo(clock_.Now() + absl::Milliseconds(100));
  EXPECT_EQ(Wait(rates, "a"), absl::ZeroDuration());
  EXPECT_EQ(OverloadCounter(metrics_, "sender_rate").Value(), 2);
}

TEST_F(SenderRatesTest, OverAWhileNobodyIsFasterThanTheLimit) {
  SenderRates rates = Rates(1000);
  uint64_t taken = 0;
  for (int second = 0; second < 100; ++second) {
    while (rates.Admit("a").ok()) {
      rates.Charge("a", 700);
      taken += 700;
    }
    clock_.AdvanceTo(clock_.Now() + absl::Seconds(1));
  }
  // A hundred seconds, the credit to begin with, and less than one request of debt.
  EXPECT_GE(taken, 99'000u + 10'000u);
  EXPECT_LE(taken, 100'000u + 10'000u + 700u);
}

TEST_F(SenderRatesTest, WhatIsNotUsedAddsUpToTenSeconds) {
  SenderRates rates = Rates(10);
  clock_.AdvanceTo(clock_.Now() + absl::Hours(1));
  rates.Charge("a", 101);
  EXPECT_EQ(Wait(rates, "a"), absl::Milliseconds(100));
}

TEST_F(SenderRatesTest, AClockThatStandsGivesNothing) {
  SenderRates rates = Rates(10);
  rates.Charge("a", 200);
  EXPECT_EQ(Wait(rates, "a"), absl::Seconds(10));
  EXPECT_EQ(Wait(rates, "a"), absl::Seconds(10));
}

TEST_F(SenderRatesTest, SoManySendersShareAnAccountThatMemoryIsBounded) {
  SenderRates rates = Rates(1);
  for (int i = 0; i < 10'000; ++i) rates.Charge(absl::StrCat("host-", i), 20);
  EXPECT_EQ(Wait(rates, "host-7"), absl::Seconds(10));
  rates.Charge("late", 20);
  EXPECT_EQ(Wait(rates, "later"), absl::Seconds(10)) << "shares what \"late\" has left";
  clock_.AdvanceTo(clock_.Now() + absl::Seconds(20));  // all have rested, and are forgotten
  EXPECT_EQ(Wait(rates, "later"), absl::ZeroDuration());
  rates.Charge("later", 20);
  EXPECT_EQ(Wait(rates, "late"), absl::ZeroDuration());
}

TEST(RetryAfterTest, OnlyOfThoseWhoAreTooFast) {
  EXPECT_EQ(RetryAfterOf(TooFastError(absl::Milliseconds(1500), "x")), absl::Milliseconds(1500));
  EXPECT_EQ(RetryAfterOf(absl::ResourceExhaustedError("x")), std::nullopt);
  EXPECT_EQ(RetryAfterOf(absl::OkStatus()), std::nullopt);
}

}  // namespace
}  // namespace tocsin::ingest
