#include "engine/anomaly/local_clock.h"

#include <gtest/gtest.h>

namespace tocsin::anomaly {
namespace {

// Every half hour of twelve years, forwards and at random places, as the library has it.
TEST(LocalClockTest, AgreesWithTheTimeZone) {
  for (const char* name :
       {"UTC", "Europe/Brussels", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"}) {
    absl::TimeZone zone;
    ASSERT_TRUE(absl::LoadTimeZone(name, &zone)) << name;
    const LocalClock clock(zone);
    uint32_t hint = 0, wild = 0;
    for (int64_t s = 1'500'000'000; s < 1'880'000'000; s += 1800) {
      const int64_t expected = s + zone.At(absl::FromUnixSeconds(s)).offset;
      ASSERT_EQ(clock.LocalSeconds(s * 1000, hint), expected) << name << " " << s;
      ASSERT_EQ(clock.LocalSeconds(s * 1000, wild), expected) << name << " " << s;
      wild = static_cast<uint32_t>(s * 2654435761U);
    }
  }
}

TEST(LocalClockTest, RoundsDownBeforeTheEpoch) {
  const LocalClock clock(absl::UTCTimeZone());
  uint32_t hint = 0;
  EXPECT_EQ(clock.LocalSeconds(-1, hint), -1);
  EXPECT_EQ(clock.LocalSeconds(-1000, hint), -1);
  EXPECT_EQ(clock.LocalSeconds(999, hint), 0);
}

}  // namespace
}  // namespace tocsin::anomaly
