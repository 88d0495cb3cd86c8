#include "engine/group_schedule.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace tocsin::engine {
namespace {

constexpr absl::Duration kInterval = absl::Seconds(15);
constexpr Timestamp kNow = Timestamp::FromMillis(1'700'000'000'123);

TEST(GroupScheduleTest, SlotsAreOneIntervalApartAndHoldUntilTheNext) {
  const GroupSchedule schedule("rules.yaml", "g", kInterval);
  const Timestamp slot = schedule.SlotAt(kNow);
  EXPECT_LE(slot, kNow);
  EXPECT_GT(slot + kInterval, kNow);
  EXPECT_EQ(schedule.SlotAt(slot), slot);
  EXPECT_EQ(schedule.SlotAt(slot + kInterval - absl::Milliseconds(1)), slot);
  EXPECT_EQ(schedule.SlotAt(slot + kInterval), slot + kInterval);
  EXPECT_EQ(schedule.SlotAt(slot - absl::Milliseconds(1)), slot - kInterval);
}

// Division of negative numbers rounds the other way; slots must not.
TEST(GroupScheduleTest, SlotsBeforeTheEpochAreAlignedAsWell) {
  const GroupSchedule schedule("rules.yaml", "g", kInterval);
  const Timestamp first = schedule.SlotAt(Timestamp::FromMillis(0));
  for (int64_t ms = -40'000; ms < 40'000; ms += 7) {
    const Timestamp t = Timestamp::FromMillis(ms);
    const Timestamp slot = schedule.SlotAt(t);
    ASSERT_LE(slot, t) << ms;
    ASSERT_GT(slot + kInterval, t) << ms;
    ASSERT_EQ((slot.millis() - first.millis()) % 15'000, 0) << ms;
  }
}

// A restart, or another machine, keeps the phase: it comes from the names alone.
TEST(GroupScheduleTest, EqualNamesHaveEqualSlots) {
  GroupSchedule one("rules.yaml", "g", kInterval);
  GroupSchedule other("rules.yaml", "g", kInterval);
  one.Start(kNow);
  other.Start(kNow + absl::Hours(30));
  EXPECT_EQ((other.next().millis() - one.next().millis()) % 15'000, 0);
  EXPECT_EQ(one.SlotAt(kNow), other.SlotAt(kNow));
}

TEST(GroupScheduleTest, GroupsSpreadOverTheInterval) {
  std::set<int64_t> thirds;
  for (int i = 0; i < 40; ++i) {
    const GroupSchedule schedule("rules.yaml", "g" + std::to_string(i), kInterval);
    thirds.insert((kNow - schedule.SlotAt(kNow)) / absl::Seconds(5));
  }
  EXPECT_EQ(thirds, std::set<int64_t>({0, 1, 2}));
}

TEST(GroupScheduleTest, FileBelongsToTheIdentity) {
  std::set<Timestamp> slots;
  for (int i = 0; i < 20; ++i) {
    slots.insert(GroupSchedule("f" + std::to_string(i) + ".yaml", "g", kInterval).SlotAt(kNow));
  }
  EXPECT_GT(slots.size(), 10u);
}

TEST(GroupScheduleTest, AGivenFirstSlotIsOneOfThem) {
  for (const int64_t first_ms : {int64_t{0}, int64_t{1'000'500}, kNow.millis()}) {
    const Timestamp first = Timestamp::FromMillis(first_ms);
    GroupSchedule schedule(first, kInterval);
    EXPECT_EQ(schedule.SlotAt(first), first);
    schedule.Start(first - absl::Milliseconds(1));
    EXPECT_EQ(schedule.next(), first) << "started just before, it is the next one";
    EXPECT_EQ(schedule.Take(first + kInterval * 3).slot, first + kInterval * 3);
  }
}

TEST(GroupScheduleTest, StartWaitsForTheSlotAfterNow) {
  GroupSchedule schedule("rules.yaml", "g", kInterval);
  const Timestamp slot = schedule.SlotAt(kNow);
  schedule.Start(slot + absl::Milliseconds(1));
  EXPECT_EQ(schedule.next(), slot + kInterval);
  // A slot that is exactly now was that of the process before.
  schedule.Start(slot);
  EXPECT_EQ(schedule.next(), slot + kInterval);
}

TEST(GroupScheduleTest, SlotTakenInTimeMissesNone) {
  GroupSchedule schedule("rules.yaml", "g", kInterval);
  schedule.Start(kNow);
  for (int i = 0; i < 3; ++i) {
    const Timestamp slot = schedule.next();
    // A little late is still this slot.
    const GroupSchedule::Due due = schedule.Take(slot + absl::Seconds(14));
    EXPECT_EQ(due.slot, slot);
    EXPECT_EQ(due.missed, 0u);
    EXPECT_EQ(schedule.next(), slot + kInterval);
  }
}

TEST(GroupScheduleTest, MissedSlotsAreCountedAndSkipped) {
  GroupSchedule schedule("rules.yaml", "g", kInterval);
  schedule.Start(kNow);
  const Timestamp first = schedule.next();
  const GroupSchedule::Due due = schedule.Take(first + 3 * kInterval + absl::Seconds(1));
  EXPECT_EQ(due.slot, first + 3 * kInterval);
  EXPECT_EQ(due.missed, 3u);
  EXPECT_EQ(schedule.next(), first + 4 * kInterval);
  EXPECT_EQ(schedule.Take(schedule.next()).missed, 0u);
}

TEST(GroupScheduleTest, ShortestIntervalIsOneMillisecond) {
  GroupSchedule schedule("rules.yaml", "g", absl::Microseconds(10));
  EXPECT_EQ(schedule.interval(), absl::Milliseconds(1));
  schedule.Start(kNow);
  EXPECT_EQ(schedule.next(), kNow + absl::Milliseconds(1));
}

}  // namespace
}  // namespace tocsin::engine
