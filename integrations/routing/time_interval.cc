#include "integrations/routing/time_interval.h"

#include <algorithm>

#include "absl/time/civil_time.h"

namespace tocsin::routing {
namespace {

constexpr int kMinutesADay = 24 * 60;

bool AnyContains(const std::vector<InclusiveRange>& ranges, int value) {
  return ranges.empty() ||
         std::any_of(ranges.begin(), ranges.end(), [&](const InclusiveRange& range) {
           return range.begin <= value && value <= range.end;
         });
}

bool TimesContain(const std::vector<TimeInterval::TimeRange>& times, int minute) {
  return times.empty() ||
         std::any_of(times.begin(), times.end(), [&](const TimeInterval::TimeRange& range) {
           return range.begin_minute <= minute && minute < range.end_minute;
         });
}

int DaysInMonth(absl::CivilDay day) {
  const absl::CivilMonth month(day);
  return static_cast<int>(absl::CivilDay(month + 1) - absl::CivilDay(month));
}

bool DaysOfMonthContain(const std::vector<InclusiveRange>& ranges, absl::CivilDay day) {
  const int length = DaysInMonth(day);
  const auto counted = [&](int number) { return number < 0 ? length + number + 1 : number; };
  return ranges.empty() ||
         std::any_of(ranges.begin(), ranges.end(), [&](const InclusiveRange& range) {
           return counted(range.begin) <= day.day() && day.day() <= counted(range.end);
         });
}

// Alertmanager counts weekdays from Sunday.
int WeekdayNumber(absl::CivilDay day) {
  return (static_cast<int>(absl::GetWeekday(day)) + 1) % 7;
}

int MinuteOfDay(absl::CivilSecond second) {
  return second.hour() * 60 + second.minute();
}

// The first begin or end of a range behind `minute`, or the day's end.
int NextMinute(const std::vector<TimeInterval::TimeRange>& times, int minute) {
  int next = kMinutesADay;
  for (const TimeInterval::TimeRange& range : times) {
    for (const int edge : {range.begin_minute, range.end_minute}) {
      if (edge > minute) next = std::min(next, edge);
    }
  }
  return next;
}

// The next instant at which something that Contains() looks at may change. Up to then the wall
// clock runs evenly.
absl::Time NextEdge(const TimeInterval& interval, absl::Time time) {
  const absl::TimeZone::CivilInfo local = interval.location.At(time);
  const int minute = NextMinute(interval.times, MinuteOfDay(local.cs));
  const absl::CivilSecond edge = absl::CivilMinute(absl::CivilDay(local.cs)) + minute;
  const absl::Time even = time - local.subsecond + absl::Seconds(edge - local.cs);
  absl::TimeZone::CivilTransition transition;
  if (!interval.location.NextTransition(time, &transition)) return even;
  // Where a civil time is repeated, the instant of the change is neither of the two it may mean.
  return std::min(even, interval.location.At(transition.to).trans);
}

}  // namespace

bool TimeInterval::Contains(Timestamp time) const {
  const absl::CivilSecond local = location.At(absl::FromUnixMillis(time.millis())).cs;
  const absl::CivilDay day(local);
  return TimesContain(times, MinuteOfDay(local)) && DaysOfMonthContain(days_of_month, day) &&
         AnyContains(months, day.month()) && AnyContains(weekdays, WeekdayNumber(day)) &&
         AnyContains(years, static_cast<int>(day.year()));
}

std::optional<Timestamp> TimeInterval::NextChange(Timestamp time) const {
  const bool inside = Contains(time);
  const absl::Time begin = absl::FromUnixMillis(time.millis());
  const absl::Time horizon = begin + absl::Hours(24 * kHorizonDays);
  for (absl::Time edge = NextEdge(*this, begin); edge <= horizon; edge = NextEdge(*this, edge)) {
    const Timestamp at = Timestamp::FromMillis(absl::ToUnixMillis(edge));
    if (Contains(at) != inside) return at;
  }
  return std::nullopt;
}

bool NamedInterval::Contains(Timestamp time) const {
  return std::any_of(intervals.begin(), intervals.end(),
                     [&](const TimeInterval& interval) { return interval.Contains(time); });
}

std::optional<Timestamp> NamedInterval::NextChange(Timestamp time) const {
  std::optional<Timestamp> next;
  for (const TimeInterval& interval : intervals) {
    const auto change = interval.NextChange(time);
    if (change && (!next || *change < *next)) next = change;
  }
  return next;
}

}  // namespace tocsin::routing
