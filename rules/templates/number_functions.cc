#include <array>
#include <cmath>
#include <optional>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "rules/promql/duration.h"
#include "rules/promql/number.h"
#include "rules/templates/functions.h"
#include "rules/templates/go_format.h"

// Prometheus' functions for numbers and times. What they write is fixed by what users' pages look
// like today.
namespace tocsin::templates {
namespace {

using Args = std::vector<Value>;
using Result = absl::StatusOr<Value>;

// Whatever Prometheus takes for a number, texts included.
absl::StatusOr<double> ToFloat(const Value& value) {
  if (const auto* number = value.As<double>()) return *number;
  if (const auto* number = value.As<int64_t>()) return static_cast<double>(*number);
  if (const auto* duration = value.As<GoDuration>()) {
    return static_cast<double>(duration->ns) / 1e9;
  }
  if (const auto* text = value.As<std::string>()) {
    const absl::StatusOr<double> number = promql::ParseNumber(*text);
    if (number.ok()) return *number;
    return absl::InvalidArgumentError(
        absl::StrCat("strconv.ParseFloat: parsing ", GoQuote(*text), ": invalid syntax"));
  }
  return absl::InvalidArgumentError(absl::StrCat("can't convert ", TypeName(value), " to float"));
}

std::string FourDigits(double value) {
  return FormatFloat(value, 'g', 4);
}

using Prefixes = std::array<const char*, 8>;
constexpr Prefixes kLarge = {"k", "M", "G", "T", "P", "E", "Z", "Y"};
constexpr Prefixes kBinary = {"ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"};
constexpr Prefixes kSmall = {"m", "u", "n", "p", "f", "a", "z", "y"};

std::string ScaleDown(double value, const Prefixes& prefixes, double step) {
  const char* prefix = "";
  for (const char* next : prefixes) {
    if (std::abs(value) < step) break;
    prefix = next;
    value /= step;
  }
  return FourDigits(value) + prefix;
}

std::string ScaleUp(double value) {
  const char* prefix = "";
  for (const char* next : kSmall) {
    if (std::abs(value) >= 1) break;
    prefix = next;
    value *= 1000;
  }
  return FourDigits(value) + prefix;
}

std::string HumanizeNumber(double value) {
  if (value == 0 || !std::isfinite(value)) return FourDigits(value);
  return std::abs(value) >= 1 ? ScaleDown(value, kLarge, 1000) : ScaleUp(value);
}

std::string HumanizeBinary(double value) {
  if (std::abs(value) <= 1 || !std::isfinite(value)) return FourDigits(value);
  return ScaleDown(value, kBinary, 1024);
}

std::string HumanizeSeconds(double value) {
  if (!std::isfinite(value)) return FourDigits(value);
  if (value == 0) return FourDigits(value) + "s";
  if (std::abs(value) < 1) return ScaleUp(value) + "s";
  const std::string sign = value < 0 ? "-" : "";
  value = std::abs(value);
  if (value >= 9.2e18) return sign + FourDigits(value) + "s";
  const auto whole = static_cast<int64_t>(value);
  const int64_t seconds = whole % 60;
  const int64_t minutes = whole / 60 % 60;
  const int64_t hours = whole / 3600 % 24;
  const int64_t days = whole / 86400;
  if (days != 0) {
    return absl::StrCat(sign, days, "d ", hours, "h ", minutes, "m ", seconds, "s");
  }
  if (hours != 0) return absl::StrCat(sign, hours, "h ", minutes, "m ", seconds, "s");
  if (minutes != 0) return absl::StrCat(sign, minutes, "m ", seconds, "s");
  return sign + FourDigits(value) + "s";
}

// Seconds since the epoch as a time; nothing for NaN and infinities.
absl::StatusOr<std::optional<GoTime>> ToGoTime(double seconds) {
  if (!std::isfinite(seconds)) return std::optional<GoTime>();
  const double ns = seconds * 1e9;
  if (std::abs(ns) >= 9223372036854775807.0) {
    return absl::InvalidArgumentError(
        absl::StrCat(FormatFloat(seconds, 'g', -1),
                     " cannot be represented as a nanoseconds timestamp since it overflows int64"));
  }
  const auto whole = static_cast<int64_t>(ns);
  return std::optional<GoTime>(GoTime{whole / 1'000'000 - (whole % 1'000'000 < 0 ? 1 : 0)});
}

template <std::string (*kFormat)(double)>
Result Humanize(const TemplateData&, const Args& args) {
  TOCSIN_ASSIGN_OR_RETURN(const double value, ToFloat(args[0]));
  return Value{kFormat(value)};
}

std::string Percentage(double value) {
  return FourDigits(value * 100) + "%";
}

Result HumanizeTimestamp(const TemplateData&, const Args& args) {
  TOCSIN_ASSIGN_OR_RETURN(const double value, ToFloat(args[0]));
  TOCSIN_ASSIGN_OR_RETURN(const std::optional<GoTime> time, ToGoTime(value));
  return Value{time ? FormatGoTime(*time) : FourDigits(value)};
}

Result ToTime(const TemplateData&, const Args& args) {
  TOCSIN_ASSIGN_OR_RETURN(const double value, ToFloat(args[0]));
  TOCSIN_ASSIGN_OR_RETURN(const std::optional<GoTime> time, ToGoTime(value));
  if (!time) return absl::InvalidArgumentError("value is NaN or Inf");
  return Value{*time};
}

Result ToDuration(const TemplateData&, const Args& args) {
  TOCSIN_ASSIGN_OR_RETURN(const double value, ToFloat(args[0]));
  if (!std::isfinite(value)) return absl::InvalidArgumentError("value is NaN or Inf");
  const double ns = value * 1e9;
  if (std::abs(ns) >= 9223372036854775807.0) {
    return absl::InvalidArgumentError(
        absl::StrCat(FormatFloat(value, 'g', -1),
                     " cannot be represented as a nanoseconds duration since it overflows int64"));
  }
  return Value{GoDuration{static_cast<int64_t>(ns)}};
}

Result Now(const TemplateData& data, const Args&) {
  return Value{data.now.seconds()};
}

Result ParseDuration(const TemplateData&, const Args& args) {
  TOCSIN_ASSIGN_OR_RETURN(const std::string text, TextArgument(args[0]));
  TOCSIN_ASSIGN_OR_RETURN(const absl::Duration duration, promql::ParseDuration(text));
  return Value{absl::ToDoubleSeconds(duration)};
}

}  // namespace

const std::vector<Function>& NumberFunctions() {
  static const auto& functions = *new std::vector<Function>{
      {"humanize", 1, 1, Humanize<HumanizeNumber>},
      {"humanize1024", 1, 1, Humanize<HumanizeBinary>},
      {"humanizeDuration", 1, 1, Humanize<HumanizeSeconds>},
      {"humanizePercentage", 1, 1, Humanize<Percentage>},
      {"humanizeTimestamp", 1, 1, HumanizeTimestamp},
      {"toTime", 1, 1, ToTime},
      {"toDuration", 1, 1, ToDuration},
      {"now", 0, 0, Now},
      {"parseDuration", 1, 1, ParseDuration},
  };
  return functions;
}

}  // namespace tocsin::templates
