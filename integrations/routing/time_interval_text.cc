#include "integrations/routing/time_interval_text.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "base/status_macros.h"
#include "base/time_zone.h"

namespace tocsin::routing {
namespace {

constexpr const char* kWeekdays[] = {"sunday",   "monday", "tuesday", "wednesday",
                                     "thursday", "friday", "saturday"};
constexpr const char* kMonths[] = {"january",   "february", "march",    "april",
                                   "may",       "june",     "july",     "august",
                                   "september", "october",  "november", "december"};
// The least length of a month: what is the wrong way round in it is so in none that is longer.
constexpr int kShortestMonthDays = 28;

absl::Status Wrong(std::string message) {
  return absl::InvalidArgumentError(std::move(message));
}

using ReadMember = std::function<absl::StatusOr<int>(const std::string&)>;

absl::StatusOr<InclusiveRange> ParseRange(absl::string_view text, const ReadMember& read) {
  const std::vector<std::string> parts = absl::StrSplit(absl::AsciiStrToLower(text), ':');
  if (parts.size() > 2)
    return Wrong(absl::StrCat("couldn't parse range ", text, ", invalid format"));
  TOCSIN_ASSIGN_OR_RETURN(const int begin, read(parts.front()));
  TOCSIN_ASSIGN_OR_RETURN(const int end, read(parts.back()));
  return InclusiveRange{begin, end};
}

absl::StatusOr<int> ReadNumber(const std::string& text) {
  int number = 0;
  if (absl::SimpleAtoi(text, &number)) return number;
  return Wrong(absl::StrCat("\"", text, "\" is not a number"));
}

absl::StatusOr<int> ReadWeekday(const std::string& text) {
  const auto* found = std::find(std::begin(kWeekdays), std::end(kWeekdays), text);
  if (found == std::end(kWeekdays)) return Wrong(absl::StrCat(text, " is not a valid weekday"));
  return static_cast<int>(found - std::begin(kWeekdays));
}

absl::StatusOr<int> ReadMonth(const std::string& text) {
  const auto* found = std::find(std::begin(kMonths), std::end(kMonths), text);
  if (found != std::end(kMonths)) return static_cast<int>(found - std::begin(kMonths)) + 1;
  int number = 0;
  if (absl::SimpleAtoi(text, &number) && number >= 1 && number <= 12) return number;
  return Wrong(absl::StrCat(text, " is not a valid month"));
}

absl::StatusOr<int> ReadDayOfMonth(const std::string& text) {
  TOCSIN_ASSIGN_OR_RETURN(const int day, ReadNumber(text));
  if (day != 0 && day >= -31 && day <= 31) return day;
  return Wrong(absl::StrCat(day, " is not a valid day of the month: out of range"));
}

}  // namespace

absl::StatusOr<int> ParseMinuteOfDay(absl::string_view text) {
  const auto digit = [&](size_t i) {
    return absl::ascii_isdigit(static_cast<unsigned char>(text[i]));
  };
  const bool shaped =
      text.size() == 5 && text[2] == ':' && digit(0) && digit(1) && digit(3) && digit(4);
  if (shaped) {
    const int hour = (text[0] - '0') * 10 + text[1] - '0';
    const int minute = (text[3] - '0') * 10 + text[4] - '0';
    if ((hour < 24 && minute < 60) || (hour == 24 && minute == 0)) return hour * 60 + minute;
  }
  return Wrong(absl::StrCat("couldn't parse timestamp ", text, ", invalid format"));
}

absl::StatusOr<TimeInterval::TimeRange> ParseTimeRange(absl::string_view begin,
                                                       absl::string_view end) {
  if (begin.empty() || end.empty()) return Wrong("both start and end times must be provided");
  TOCSIN_ASSIGN_OR_RETURN(const int begin_minute, ParseMinuteOfDay(begin));
  TOCSIN_ASSIGN_OR_RETURN(const int end_minute, ParseMinuteOfDay(end));
  if (begin_minute >= end_minute) {
    return Wrong("start time cannot be equal or greater than end time");
  }
  return TimeInterval::TimeRange{begin_minute, end_minute};
}

absl::StatusOr<InclusiveRange> ParseWeekdays(absl::string_view text) {
  TOCSIN_ASSIGN_OR_RETURN(const InclusiveRange range, ParseRange(text, ReadWeekday));
  if (range.begin > range.end) return Wrong("start day cannot be before end day");
  return range;
}

absl::StatusOr<InclusiveRange> ParseDaysOfMonth(absl::string_view text) {
  TOCSIN_ASSIGN_OR_RETURN(const InclusiveRange range, ParseRange(text, ReadDayOfMonth));
  if (range.begin < 0 && range.end > 0) {
    return Wrong("end day must be negative if start day is negative");
  }
  const auto counted = [](int day) { return day < 0 ? kShortestMonthDays + day : day; };
  if (counted(range.begin) > counted(range.end)) {
    return Wrong(absl::StrCat("end day ", range.end, " is always before start day ", range.begin));
  }
  return range;
}

absl::StatusOr<InclusiveRange> ParseMonths(absl::string_view text) {
  TOCSIN_ASSIGN_OR_RETURN(const InclusiveRange range, ParseRange(text, ReadMonth));
  if (range.begin > range.end) {
    return Wrong(absl::StrCat("end month ", kMonths[range.end - 1], " is before start month ",
                              kMonths[range.begin - 1]));
  }
  return range;
}

absl::StatusOr<InclusiveRange> ParseYears(absl::string_view text) {
  TOCSIN_ASSIGN_OR_RETURN(const InclusiveRange range, ParseRange(text, ReadNumber));
  if (range.begin > range.end) {
    return Wrong(absl::StrCat("end year ", range.end, " is before start year ", range.begin));
  }
  return range;
}

absl::StatusOr<absl::TimeZone> ParseLocation(absl::string_view text) {
  if (text == "Local") return absl::LocalTimeZone();
  if (const auto zone = FindTimeZone(std::string(text))) return *zone;
  return Wrong(absl::StrCat("unknown time zone ", text));
}

std::string MinuteOfDayText(int minute) {
  return absl::StrFormat("%02d:%02d", minute / 60, minute % 60);
}

std::string WeekdaysText(const InclusiveRange& range) {
  if (range.begin == range.end) return kWeekdays[range.begin];
  return absl::StrCat(kWeekdays[range.begin], ":", kWeekdays[range.end]);
}

std::string RangeText(const InclusiveRange& range) {
  if (range.begin == range.end) return absl::StrCat(range.begin);
  return absl::StrCat(range.begin, ":", range.end);
}

}  // namespace tocsin::routing
