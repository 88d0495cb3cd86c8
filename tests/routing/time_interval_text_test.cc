#include "integrations/routing/time_interval_text.h"

#include <gtest/gtest.h>

namespace tocsin::routing {
namespace {

// The range as text, or the error.
template <typename Parsed>
std::string Shown(const absl::StatusOr<Parsed>& range) {
  if (!range.ok()) return std::string(range.status().message());
  return std::to_string(range->begin) + ".." + std::to_string(range->end);
}

struct Case {
  const char* text;
  const char* expected;
};

TEST(TimeIntervalTextTest, Weekdays) {
  for (const Case& c : std::vector<Case>{
           {"monday:friday", "1..5"},
           {"Sunday", "0..0"},
           {"sunday:SATURDAY", "0..6"},
           {"saturday:monday", "start day cannot be before end day"},
           {"funday", "funday is not a valid weekday"},
           {"1:5", "1 is not a valid weekday"},
           {"a:b:c", "couldn't parse range a:b:c, invalid format"},
           {"", " is not a valid weekday"},
       }) {
    EXPECT_EQ(Shown(ParseWeekdays(c.text)), c.expected) << c.text;
  }
}

TEST(TimeIntervalTextTest, DaysOfMonth) {
  for (const Case& c : std::vector<Case>{
           {"1:5", "1..5"},
           {"-3:-1", "-3..-1"},
           {"1:-1", "1..-1"},
           {"31", "31..31"},
           {"0", "0 is not a valid day of the month: out of range"},
           {"32", "32 is not a valid day of the month: out of range"},
           {"-32:-1", "-32 is not a valid day of the month: out of range"},
           {"-5:3", "end day must be negative if start day is negative"},
           {"5:3", "end day 3 is always before start day 5"},
           {"28:-1", "end day -1 is always before start day 28"},
           {"first", "\"first\" is not a number"},
       }) {
    EXPECT_EQ(Shown(ParseDaysOfMonth(c.text)), c.expected) << c.text;
  }
}

TEST(TimeIntervalTextTest, MonthsAndYears) {
  for (const Case& c : std::vector<Case>{
           {"may:august", "5..8"},
           {"1:December", "1..12"},
           {"august:may", "end month may is before start month august"},
           {"13", "13 is not a valid month"},
           {"0", "0 is not a valid month"},
       }) {
    EXPECT_EQ(Shown(ParseMonths(c.text)), c.expected) << c.text;
  }
  EXPECT_EQ(Shown(ParseYears("2020:2022")), "2020..2022");
  EXPECT_EQ(Shown(ParseYears("2022:2020")), "end year 2020 is before start year 2022");
}

TEST(TimeIntervalTextTest, MinutesOfTheDay) {
  EXPECT_EQ(*ParseMinuteOfDay("00:00"), 0);
  EXPECT_EQ(*ParseMinuteOfDay("09:30"), 570);
  EXPECT_EQ(*ParseMinuteOfDay("24:00"), 1440);
  for (const char* text : {"24:01", "9:30", "09:60", "25:00", "0930", "", "ab:cd", "09:30 "}) {
    EXPECT_FALSE(ParseMinuteOfDay(text).ok()) << text;
  }
  EXPECT_EQ(ParseTimeRange("09:00", "09:00").status().message(),
            "start time cannot be equal or greater than end time");
  EXPECT_EQ(ParseTimeRange("", "09:00").status().message(),
            "both start and end times must be provided");
}

TEST(TimeIntervalTextTest, Locations) {
  EXPECT_EQ(ParseLocation("Europe/Brussels")->name(), "Europe/Brussels");
  EXPECT_EQ(*ParseLocation("UTC"), absl::UTCTimeZone());
  EXPECT_EQ(ParseLocation("Mars/Olympus").status().message(), "unknown time zone Mars/Olympus");
  for (const char* path : {"/usr/share/zoneinfo/UTC", "Europe/../UTC", "file:UTC"}) {
    EXPECT_FALSE(ParseLocation(path).ok()) << path;
  }
}

TEST(TimeIntervalTextTest, WhatIsPrintedReadsBack) {
  for (const InclusiveRange& range : {InclusiveRange{1, 5}, InclusiveRange{2, 2}}) {
    EXPECT_EQ(*ParseWeekdays(WeekdaysText(range)), range);
    EXPECT_EQ(*ParseMonths(RangeText(range)), range);
  }
  EXPECT_EQ(*ParseDaysOfMonth(RangeText({-3, -1})), (InclusiveRange{-3, -1}));
  EXPECT_EQ(MinuteOfDayText(570), "09:30");
  EXPECT_EQ(MinuteOfDayText(1440), "24:00");
}

}  // namespace
}  // namespace tocsin::routing
