#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "base/timestamp.h"

namespace tocsin::routing {

// Both ends included.
struct InclusiveRange {
  int begin = 0;
  int end = 0;
  friend bool operator==(const InclusiveRange&, const InclusiveRange&) = default;
};

// Alertmanager's time interval: an instant is inside if it is inside one range of every list that
// is not empty, by the wall clock of the location. Weekdays and months count their whole days.
//
// Where Alertmanager (up to 0.25) takes the month in which summer time begins for a day shorter,
// days of the month counted from the end are right here.
//
// Thread: plain data; reading from any.
struct TimeInterval {
  // Minutes of the day, the end excluded: 0 <= begin < end <= 1440.
  struct TimeRange {
    int begin_minute = 0;
    int end_minute = 0;
    friend bool operator==(const TimeRange&, const TimeRange&) = default;
  };

  std::vector<TimeRange> times;
  std::vector<InclusiveRange> weekdays;       // 0 (Sunday) to 6
  std::vector<InclusiveRange> days_of_month;  // 1 to 31, or -31 to -1 from the month's end
  std::vector<InclusiveRange> months;         // 1 to 12
  std::vector<InclusiveRange> years;
  absl::TimeZone location = absl::UTCTimeZone();

  bool Contains(Timestamp time) const;

  // The first instant after `time` at which Contains() answers otherwise than at `time`; nullopt if
  // there is none within kHorizonDays. Costs a few steps for each day that is looked at.
  std::optional<Timestamp> NextChange(Timestamp time) const;
  static constexpr int kHorizonDays = 366;

  friend bool operator==(const TimeInterval&, const TimeInterval&) = default;
};

// One entry of `time_intervals`: inside if inside one of them.
struct NamedInterval {
  std::vector<TimeInterval> intervals;

  bool Contains(Timestamp time) const;
  // As above, but what is returned may be one at which the answer stays (two intervals that meet).
  std::optional<Timestamp> NextChange(Timestamp time) const;
};

// By name.
using TimeIntervals = std::map<std::string, NamedInterval>;

}  // namespace tocsin::routing
