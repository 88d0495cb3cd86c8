#include "rules/templates/go_format.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"

namespace tocsin::templates {
namespace {

std::string PrintfDouble(const char* format, int precision, double value) {
  std::string text(512, '\0');
  const int length = std::snprintf(text.data(), text.size(), format, precision, value);
  text.resize(std::min(static_cast<size_t>(std::max(length, 0)), text.size() - 1));
  return text;
}

std::string Shortest(double value, std::chars_format format) {
  std::string text(512, '\0');
  const auto result = std::to_chars(text.data(), text.data() + text.size(), value, format);
  text.resize(static_cast<size_t>(result.ptr - text.data()));
  return text;
}

int DecimalExponent(const std::string& scientific) {
  const size_t at = scientific.find('e');
  return at == std::string::npos ? 0 : std::atoi(scientific.c_str() + at + 1);
}

std::string ShortestFloat(double value, char verb) {
  const std::string scientific = Shortest(value, std::chars_format::scientific);
  const int exponent = DecimalExponent(scientific);
  // For this decision Go takes the shortest precision as 6.
  const bool use_exponent = verb == 'e' || (verb == 'g' && (exponent < -4 || exponent >= 6));
  return use_exponent ? scientific : Shortest(value, std::chars_format::fixed);
}

// "1.5", "0.25": the fraction of a duration's unit, without trailing zeros.
std::string WithFraction(int64_t value, int64_t unit) {
  std::string text = absl::StrCat(value / unit);
  int64_t rest = value % unit;
  if (rest == 0) return text;
  text += '.';
  for (int64_t digit = unit / 10; rest > 0; digit /= 10) {
    text += static_cast<char>('0' + rest / digit);
    rest %= digit;
  }
  return text;
}

}  // namespace

std::string FormatFloat(double value, char verb, int precision) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  const bool upper = verb == 'E' || verb == 'G';
  const char lower = upper ? static_cast<char>(verb + ('e' - 'E')) : verb;
  std::string text;
  if (precision < 0) {
    text = ShortestFloat(value, lower);
  } else {
    text = PrintfDouble(lower == 'e' ? "%.*e" : lower == 'f' ? "%.*f" : "%.*g", precision, value);
  }
  if (upper) {
    const size_t at = text.find('e');
    if (at != std::string::npos) text[at] = 'E';
  }
  return text;
}

std::string FormatGoTime(GoTime time) {
  const absl::Time t = absl::FromUnixMillis(time.ms);
  std::string text = absl::FormatTime("%Y-%m-%d %H:%M:%S", t, absl::UTCTimeZone());
  const int64_t ms = ((time.ms % 1000) + 1000) % 1000;
  if (ms != 0) {
    std::string fraction = absl::StrFormat(".%03d", ms);
    while (fraction.back() == '0') fraction.pop_back();
    text += fraction;
  }
  return text + " +0000 UTC";
}

std::string FormatGoDuration(GoDuration duration) {
  constexpr int64_t kMicro = 1'000;
  constexpr int64_t kMilli = 1'000'000;
  constexpr int64_t kSecond = 1'000'000'000;
  int64_t ns = duration.ns;
  if (ns == 0) return "0s";
  if (ns == INT64_MIN) return "-2562047h47m16.854775808s";
  const std::string sign = ns < 0 ? "-" : "";
  if (ns < 0) ns = -ns;
  if (ns < kMicro) return absl::StrCat(sign, ns, "ns");
  if (ns < kMilli) return absl::StrCat(sign, WithFraction(ns, kMicro), "µs");
  if (ns < kSecond) return absl::StrCat(sign, WithFraction(ns, kMilli), "ms");
  const int64_t minutes = ns / kSecond / 60;
  std::string text = sign;
  if (minutes >= 60) absl::StrAppend(&text, minutes / 60, "h");
  if (minutes > 0) absl::StrAppend(&text, minutes % 60, "m");
  absl::StrAppend(&text, WithFraction(ns % (60 * kSecond), kSecond), "s");
  return text;
}

std::string GoQuote(absl::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        quoted += "\\\"";
        break;
      case '\\':
        quoted += "\\\\";
        break;
      case '\n':
        quoted += "\\n";
        break;
      case '\r':
        quoted += "\\r";
        break;
      case '\t':
        quoted += "\\t";
        break;
      case '\a':
        quoted += "\\a";
        break;
      case '\b':
        quoted += "\\b";
        break;
      case '\f':
        quoted += "\\f";
        break;
      case '\v':
        quoted += "\\v";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          quoted += absl::StrFormat("\\x%02x", static_cast<unsigned>(c));
        } else {
          quoted += c;
        }
    }
  }
  return quoted + "\"";
}

}  // namespace tocsin::templates
