#pragma once

#include <cstdint>

#include "absl/time/time.h"

namespace tocsin::anomaly {

// Which side of what is expected matters.
enum class Direction : uint8_t { kBoth, kAbove, kBelow };

// The patterns a series may be predicted from. kAuto takes the one that has predicted best: none at
// first, daily after 2 days, weekly after 8.
enum class Seasonality : uint8_t { kAuto, kNone, kDaily, kWeekly };

// kPage opens an incident only on strong or repeated evidence; kNotice on the first point outside.
// Score and band are the same.
enum class Preset : uint8_t { kPage, kNotice };

// What a monitor says about its series. All have defaults that need no knowledge of the metric.
struct DetectorOptions {
  Preset preset = Preset::kPage;
  Direction direction = Direction::kBoth;
  Seasonality seasonality = Seasonality::kAuto;

  // Days and weeks are those of this zone's clocks, over changes to summer time too.
  absl::TimeZone time_zone = absl::UTCTimeZone();

  // All thresholds are divided by it: 2 pages more, 0.5 less. Above 0.
  double sensitivity = 1;

  // What is closer than this to the expected value is never outside: in the metric's unit, and as a
  // share of the expected value (0.1 is 10 %). The larger one counts. Not negative.
  double deviation_min = 0;
  double relative_deviation_min = 0;
};

}  // namespace tocsin::anomaly
