#include "integrations/ingest/call_watch.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "base/manual_clock.h"

namespace tocsin::ingest {
namespace {

class CallWatchTest : public ::testing::Test {
 protected:
  // Makes calls that nobody waits for, until it should be cut off or `most` are made.
  int MadeUntilCut(const std::string& peer, int most) {
    for (int made = 1; made <= most; ++made) {
      if (watch_.Made(peer)) return made;
    }
    return most + 1;
  }
  void Pass(absl::Duration time) { clock_.AdvanceTo(clock_.Now() + time); }

  ManualClock clock_;
  CallWatch watch_{clock_};
};

TEST_F(CallWatchTest, AnsweredCallsAreNeverTooMany) {
  for (int i = 0; i < 100'000; ++i) {
    ASSERT_FALSE(watch_.Made("a"));
    watch_.Answered("a");
  }
}

TEST_F(CallWatchTest, AThousandMayBeTakenBackAtOnce) {
  EXPECT_EQ(MadeUntilCut("a", 2000), 1001);
  EXPECT_EQ(MadeUntilCut("a", 2000), 1001) << "and the next connection begins anew";
}

TEST_F(CallWatchTest, AHundredMoreEachSecond) {
  for (int second = 0; second < 100; ++second) {
    EXPECT_EQ(MadeUntilCut("a", 100), 101) << second;
    Pass(absl::Seconds(1));
  }
  EXPECT_EQ(MadeUntilCut("a", 2000), 1001);
}

TEST_F(CallWatchTest, WhatOnlySeemedAnsweredCounts) {
  for (int i = 0; i < 100; ++i) {
    ASSERT_FALSE(watch_.Made("a"));
    watch_.Answered("a");
    watch_.TakenBack("a", 10);
  }
  EXPECT_TRUE(watch_.Made("a"));
}

TEST_F(CallWatchTest, ConnectionsAreCountedApart) {
  EXPECT_EQ(MadeUntilCut("a:1", 900), 901);
  EXPECT_EQ(MadeUntilCut("a:2", 900), 901);
}

TEST_F(CallWatchTest, ManyConnectionsDoNotHideOne) {
  EXPECT_EQ(MadeUntilCut("a", 900), 901);
  for (int i = 0; i < 30'000; ++i) EXPECT_FALSE(watch_.Made(absl::StrCat("other:", i)));
  EXPECT_EQ(MadeUntilCut("a", 200), 101);
}

}  // namespace
}  // namespace tocsin::ingest
