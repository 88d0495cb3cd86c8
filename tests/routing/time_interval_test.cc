#include "integrations/routing/time_interval.h"

#include <gtest/gtest.h>

#include <random>

#include "absl/strings/str_cat.h"
#include "integrations/routing/time_interval_text.h"

namespace tocsin::routing {
namespace {

Timestamp At(const std::string& text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &time, &error)) << text << ": " << error;
  return Timestamp::FromMillis(absl::ToUnixMillis(time));
}

TimeInterval::TimeRange Hours(const char* begin, const char* end) {
  return *ParseTimeRange(begin, end);
}

absl::TimeZone Zone(const char* name) {
  return *ParseLocation(name);
}

struct Case {
  const char* name;
  TimeInterval interval;
  const char* time;
  bool inside;
};

const std::vector<Case>& Cases() {
  const TimeInterval office = {.times = {Hours("09:00", "17:00")}, .weekdays = {{1, 5}}};
  const TimeInterval last_days = {.days_of_month = {{-3, -1}}};
  const TimeInterval brussels = {.times = {Hours("09:00", "10:00")},
                                 .location = Zone("Europe/Brussels")};
  static const std::vector<Case> cases = {
      {"EmptyIsAlways", {}, "2026-11-26T03:04:05Z", true},
      {"Begin", office, "2026-11-26T09:00:00Z", true},  // a Thursday
      {"BeforeBegin", office, "2026-11-26T08:59:59.999Z", false},
      {"LastMoment", office, "2026-11-26T16:59:59.999Z", true},
      {"EndIsOutside", office, "2026-11-26T17:00:00Z", false},
      {"WrongDay", office, "2026-11-28T12:00:00Z", false},
      {"Sunday", {.weekdays = {{0, 0}}}, "2026-11-29T00:00:00Z", true},
      {"Saturday", {.weekdays = {{6, 6}}}, "2026-11-28T23:59:00Z", true},
      {"EndOfDay", {.times = {Hours("23:00", "24:00")}}, "2026-11-28T23:59:59Z", true},
      {"ThirdLastDay", last_days, "2026-11-28T00:00:00Z", true},
      {"FourthLastDay", last_days, "2026-11-27T00:00:00Z", false},
      {"LeapFebruary", {.days_of_month = {{-1, -1}}}, "2028-02-29T10:00:00Z", true},
      {"NoLeapFebruary", {.days_of_month = {{-1, -1}}}, "2026-02-28T10:00:00Z", true},
      {"DayBeyondTheMonth", {.days_of_month = {{31, 31}}}, "2026-11-30T10:00:00Z", false},
      {"EndBeyondTheMonth", {.days_of_month = {{29, 31}}}, "2026-11-30T10:00:00Z", true},
      {"BeginBeforeTheMonth", {.days_of_month = {{-31, -30}}}, "2026-11-01T10:00:00Z", true},
      {"MonthRange", {.months = {{11, 12}}}, "2026-11-01T10:00:00Z", true},
      {"OtherMonth", {.months = {{12, 12}, {1, 2}}}, "2026-11-01T10:00:00Z", false},
      {"Year", {.years = {{2020, 2022}, {2026, 2026}}}, "2026-11-01T10:00:00Z", true},
      {"OtherYear", {.years = {{2020, 2022}}}, "2026-11-01T10:00:00Z", false},
      {"Winter", brussels, "2026-11-26T08:30:00Z", true},
      {"Summer", brussels, "2026-07-26T07:30:00Z", true},
      {"SummerByWinterTime", brussels, "2026-07-26T08:30:00Z", false},
      // The month in which summer time begins is not a day shorter.
      {"LastDayOfMarch",
       {.days_of_month = {{-1, -1}}, .location = Zone("Europe/Brussels")},
       "2026-03-31T10:00:00Z",
       true},
  };
  return cases;
}

class TimeIntervalContains : public ::testing::TestWithParam<Case> {};

TEST_P(TimeIntervalContains, AsAlertmanager) {
  EXPECT_EQ(GetParam().interval.Contains(At(GetParam().time)), GetParam().inside)
      << GetParam().time;
}

INSTANTIATE_TEST_SUITE_P(Table, TimeIntervalContains, ::testing::ValuesIn(Cases()),
                         [](const auto& table) { return std::string(table.param.name); });

TEST(TimeIntervalNextChangeTest, IsTheNextBeginOrEnd) {
  const TimeInterval office = {.times = {Hours("09:00", "17:00")}, .weekdays = {{1, 5}}};
  EXPECT_EQ(office.NextChange(At("2026-11-26T10:00:00Z")), At("2026-11-26T17:00:00Z"));
  EXPECT_EQ(office.NextChange(At("2026-11-27T17:00:00Z")), At("2026-11-30T09:00:00Z"));
}

TEST(TimeIntervalNextChangeTest, RangesThatMeetAreOne) {
  const TimeInterval two = {.times = {Hours("09:00", "12:00"), Hours("12:00", "17:00")}};
  EXPECT_EQ(two.NextChange(At("2026-11-26T10:00:00Z")), At("2026-11-26T17:00:00Z"));
}

TEST(TimeIntervalNextChangeTest, WhatNeverChangesHasNone) {
  EXPECT_EQ(TimeInterval().NextChange(At("2026-11-26T10:00:00Z")), std::nullopt);
  const TimeInterval past = {.years = {{2020, 2022}}};
  EXPECT_EQ(past.NextChange(At("2026-11-26T10:00:00Z")), std::nullopt);
}

// Clocks go from 03:00 back to 02:00 at 01:00 UTC, so 02:30 comes twice.
TEST(TimeIntervalNextChangeTest, ARepeatedHourIsInsideTwice) {
  const TimeInterval night = {.times = {Hours("02:30", "02:45")},
                              .location = Zone("Europe/Brussels")};
  EXPECT_EQ(night.NextChange(At("2026-10-25T00:00:00Z")), At("2026-10-25T00:30:00Z"));
  EXPECT_EQ(night.NextChange(At("2026-10-25T00:30:00Z")), At("2026-10-25T00:45:00Z"));
  EXPECT_EQ(night.NextChange(At("2026-10-25T00:45:00Z")), At("2026-10-25T01:30:00Z"));
}

// Clocks go from 02:00 on to 03:00 at 01:00 UTC: inside from there, in the middle of the range.
TEST(TimeIntervalNextChangeTest, ASkippedBeginIsWhereTheClockArrives) {
  const TimeInterval night = {.times = {Hours("02:30", "03:30")},
                              .location = Zone("Europe/Brussels")};
  EXPECT_EQ(night.NextChange(At("2026-03-29T00:00:00Z")), At("2026-03-29T01:00:00Z"));
  EXPECT_EQ(night.NextChange(At("2026-03-29T01:00:00Z")), At("2026-03-29T01:30:00Z"));
}

TEST(NamedIntervalTest, IsInsideOneOfThem) {
  const NamedInterval either = {{{.times = {Hours("01:00", "02:00")}}, {.weekdays = {{0, 0}}}}};
  EXPECT_TRUE(either.Contains(At("2026-11-26T01:30:00Z")));
  EXPECT_TRUE(either.Contains(At("2026-11-29T12:00:00Z")));
  EXPECT_FALSE(either.Contains(At("2026-11-26T12:00:00Z")));
  EXPECT_FALSE(NamedInterval().Contains(At("2026-11-26T12:00:00Z")));
  EXPECT_EQ(either.NextChange(At("2026-11-28T12:00:00Z")), At("2026-11-29T00:00:00Z"));
}

// The twin looks at every minute.
std::optional<Timestamp> NextChangeByMinutes(const TimeInterval& interval, Timestamp time,
                                             int minutes) {
  const bool inside = interval.Contains(time);
  for (int i = 1; i <= minutes; ++i) {
    const Timestamp at = Timestamp::FromMillis((time.millis() / 60'000 + i) * 60'000);
    if (interval.Contains(at) != inside) return at;
  }
  return std::nullopt;
}

class RandomInterval {
 public:
  explicit RandomInterval(uint64_t seed) : engine_(seed) {}

  TimeInterval Make() {
    TimeInterval interval;
    for (int i = Draw(0, 2); i > 0; --i) {
      const int begin = Draw(0, 1438);
      interval.times.push_back({begin, Draw(begin + 1, 1440)});
    }
    if (Draw(0, 2) == 0) interval.weekdays.push_back(Range(0, 6));
    if (Draw(0, 2) == 0) interval.days_of_month.push_back(Range(1, 31));
    if (Draw(0, 3) == 0) interval.days_of_month.push_back(Range(-31, -1));
    if (Draw(0, 3) == 0) interval.months.push_back(Range(1, 12));
    static const char* kZones[] = {"UTC", "Europe/Brussels", "America/St_Johns",
                                   "Australia/Lord_Howe", "Asia/Kathmandu"};
    interval.location = Zone(kZones[Draw(0, 4)]);
    return interval;
  }
  int Draw(int low, int high) { return std::uniform_int_distribution<int>(low, high)(engine_); }

 private:
  InclusiveRange Range(int low, int high) {
    const int begin = Draw(low, high);
    return {begin, Draw(begin, high)};
  }
  std::mt19937_64 engine_;
};

TEST(TimeIntervalTwinTest, NextChangeIsThatOfLookingAtEveryMinute) {
  constexpr int kMinutes = 40 * 24 * 60;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    RandomInterval random(seed);
    const TimeInterval interval = random.Make();
    // Around the days on which clocks change, and anywhere.
    const Timestamp base = At(seed % 2 == 0 ? "2026-03-20T00:00:00Z" : "2026-10-01T00:00:00Z");
    const Timestamp time = base + absl::Seconds(random.Draw(0, 20 * 86'400));
    const auto expected = NextChangeByMinutes(interval, time, kMinutes);
    const auto got = interval.NextChange(time);
    if (expected) {
      ASSERT_EQ(got, expected) << "seed " << seed << ", from " << FormatTimestamp(time);
    } else if (got) {
      ASSERT_GT(*got, time + absl::Minutes(kMinutes - 1)) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace tocsin::routing
