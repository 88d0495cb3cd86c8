// Date functions: parts of an instant given in seconds since the epoch, in UTC.
#include <cmath>
#include <limits>

#include "absl/time/civil_time.h"
#include "engine/query/operators.h"

namespace tocsin::engine {
namespace {

// Fractions are cut off towards zero. Instants beyond any calendar (and NaN) have no parts: NaN.
template <typename Fn>
double WithCivil(double seconds, Fn fn) {
  if (!(std::fabs(seconds) < 1e15)) return std::numeric_limits<double>::quiet_NaN();
  const absl::CivilSecond civil = absl::CivilSecond(1970, 1, 1) + static_cast<int64_t>(seconds);
  return static_cast<double>(fn(civil));
}

double DayOfWeek(double s) {
  return WithCivil(s, [](const absl::CivilSecond& c) {
    return (static_cast<int>(absl::GetWeekday(c)) + 1) % 7;  // Sunday is 0
  });
}
double DayOfMonth(double s) {
  return WithCivil(s, [](const absl::CivilSecond& c) { return c.day(); });
}
double DayOfYear(double s) {
  return WithCivil(s,
                   [](const absl::CivilSecond& c) { return absl::GetYearDay(absl::CivilDay(c)); });
}
double DaysInMonth(double s) {
  return WithCivil(s, [](const absl::CivilSecond& c) {
    const absl::CivilMonth month(c);
    return absl::CivilDay(month + 1) - absl::CivilDay(month);
  });
}
double Hour(double s) {
  return WithCivil(s, [](const absl::CivilSecond& c) { return c.hour(); });
}
double Minute(double s) {
  return WithCivil(s, [](const absl::CivilSecond& c) { return c.minute(); });
}
double Month(double s) {
  return WithCivil(s, [](const absl::CivilSecond& c) { return c.month(); });
}
double Year(double s) {
  return WithCivil(s, [](const absl::CivilSecond& c) { return c.year(); });
}

}  // namespace

DateFunction FindDateFunction(absl::string_view name) {
  if (name == "day_of_week") return DayOfWeek;
  if (name == "day_of_month") return DayOfMonth;
  if (name == "day_of_year") return DayOfYear;
  if (name == "days_in_month") return DaysInMonth;
  if (name == "hour") return Hour;
  if (name == "minute") return Minute;
  if (name == "month") return Month;
  if (name == "year") return Year;
  return nullptr;
}

}  // namespace tocsin::engine
