#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace tocsin::rules {

// Local days and times in which a monitor's series are not what they usually are.
struct CalendarOverride {
  absl::CivilSecond from;
  absl::CivilSecond to;  // exclusive
  // Like that weekday (a holiday like a Sunday); absent: nothing is judged, learned or paged.
  std::optional<absl::Weekday> as;
};

// What a monitor's `anomaly:` says. Times are those of `time_zone`.
struct Anomaly {
  enum class Direction : uint8_t { kBoth, kAbove, kBelow };
  enum class Seasonality : uint8_t { kAuto, kNone, kDaily, kWeekly };
  enum class Preset : uint8_t { kPage, kNotice };

  Direction direction = Direction::kBoth;
  Seasonality seasonality = Seasonality::kAuto;
  Preset preset = Preset::kPage;
  double sensitivity = 1;             // > 0; 2 pages more, 0.5 less
  double deviation_min = 0;           // in the query's unit
  double relative_deviation_min = 0;  // share of what is expected
  std::string time_zone_name = "UTC";
  absl::TimeZone time_zone = absl::UTCTimeZone();
  // An incident is as bad as the largest score in it says. Absent: never as bad as that.
  std::optional<double> warning_score = 1;
  std::optional<double> critical_score = 3;
  // The query is looked at so often, at multiples of it since the epoch.
  absl::Duration interval = absl::Minutes(1);
  // When incidents of the detector count: a row fires once one was open, or its score was 1 or
  // more, for `trigger` on end, and is fine once neither was for `recovery`. Absent: at once. Both
  // or none.
  std::optional<absl::Duration> trigger;
  std::optional<absl::Duration> recovery;
  std::vector<CalendarOverride> calendar;  // the first that fits

  // What the calendar makes of `t`.
  struct Day {
    bool ignored = false;
    int days_later = 0;  // the day counts as the one so many days later, -6 to 6
  };
  Day DayAt(absl::Time t) const;
};

}  // namespace tocsin::rules
