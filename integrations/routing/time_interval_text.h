#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "integrations/routing/time_interval.h"

namespace tocsin::routing {

// How Alertmanager's configuration writes the parts of a time interval. A range is "begin:end" or
// one member; names of days and months in any case. Errors: InvalidArgument in Alertmanager's
// words. Pure functions, any thread.

absl::StatusOr<int> ParseMinuteOfDay(absl::string_view text);  // "09:30", to "24:00"
absl::StatusOr<TimeInterval::TimeRange> ParseTimeRange(absl::string_view begin,
                                                       absl::string_view end);
absl::StatusOr<InclusiveRange> ParseWeekdays(absl::string_view text);     // "monday:friday"
absl::StatusOr<InclusiveRange> ParseDaysOfMonth(absl::string_view text);  // "-3:-1"
absl::StatusOr<InclusiveRange> ParseMonths(absl::string_view text);       // "may:8"
absl::StatusOr<InclusiveRange> ParseYears(absl::string_view text);
absl::StatusOr<absl::TimeZone> ParseLocation(absl::string_view text);  // "Europe/Brussels"

std::string MinuteOfDayText(int minute);
std::string WeekdaysText(const InclusiveRange& range);
std::string RangeText(const InclusiveRange& range);  // of days of the month, months and years

}  // namespace tocsin::routing
