#include "integrations/ingest/reset_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tocsin::ingest {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ResetWatchTest : public ::testing::Test {
 protected:
  std::vector<std::string> Look(const std::vector<ConnectionCalls>& connections) {
    return watch_.Look(connections, now_);
  }
  std::vector<std::string> LookAfter(absl::Duration time,
                                     const std::vector<ConnectionCalls>& connections) {
    now_ += time;
    return Look(connections);
  }

  ResetWatch watch_{100};
  absl::Duration now_ = absl::Seconds(1000);
};

TEST_F(ResetWatchTest, CallsThatSucceedAreNeverTooMany) {
  for (uint64_t made = 100; made < 1'000'000; made += 10'000) {
    EXPECT_THAT(Look({{.peer = "a", .made = made, .present = 100}}), IsEmpty());
  }
}

TEST_F(ResetWatchTest, NobodyHasTenTimesTheCallsThatMayBeUnderWay) {
  EXPECT_THAT(Look({{.peer = "a", .made = 1000, .present = 1000}}), IsEmpty());
  EXPECT_THAT(Look({{.peer = "a", .made = 1001, .present = 1001}, {.peer = "b", .present = 1}}),
              ElementsAre("a"));
}

TEST_F(ResetWatchTest, AThousandMayFailAtOnce) {
  EXPECT_THAT(Look({{.peer = "a", .made = 1000, .failed = 1000}}), IsEmpty());
  EXPECT_THAT(Look({{.peer = "a", .made = 1001, .failed = 1001}}), ElementsAre("a"));
}

TEST_F(ResetWatchTest, AHundredMoreEachSecond) {
  uint64_t failed = 0;
  for (int second = 0; second < 100; ++second) {
    failed += 100;
    EXPECT_THAT(LookAfter(absl::Seconds(1), {{.peer = "a", .failed = failed}}), IsEmpty());
  }
  EXPECT_THAT(LookAfter(absl::Seconds(1), {{.peer = "a", .failed = failed + 1101}}),
              ElementsAre("a"));
}

TEST_F(ResetWatchTest, ConnectionsAreCountedApart) {
  EXPECT_THAT(Look({{.peer = "a:1", .failed = 900}, {.peer = "a:2", .failed = 900}}), IsEmpty());
}

TEST_F(ResetWatchTest, AnotherConnectionFromTheSamePortBeginsAnew) {
  EXPECT_THAT(Look({{.peer = "a", .failed = 900}}), IsEmpty());
  EXPECT_THAT(Look({}), IsEmpty());
  EXPECT_THAT(Look({{.peer = "a", .failed = 900}}), IsEmpty());
}

}  // namespace
}  // namespace tocsin::ingest
