#include "base/timestamp.h"

#include <gtest/gtest.h>

namespace tocsin {
namespace {

TEST(TimestampTest, FormatsAsRfc3339) {
  EXPECT_EQ(FormatTimestamp(Timestamp::FromMillis(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(FormatTimestamp(Timestamp::FromMillis(1763805600123)), "2025-11-22T10:00:00.123Z");
}

TEST(TimestampTest, NanosecondsRoundDown) {
  EXPECT_EQ(Timestamp::FromNanos(1'999'999).millis(), 1);
}

}  // namespace
}  // namespace tocsin
