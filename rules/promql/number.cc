#include "rules/promql/number.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/charconv.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tocsin::promql {
namespace {

absl::Status Malformed(absl::string_view text) {
  return absl::InvalidArgumentError(absl::StrCat("not a number: \"", text, "\""));
}

absl::Status TooLarge(absl::string_view text) {
  return absl::InvalidArgumentError(absl::StrCat("number out of range: \"", text, "\""));
}

bool HasHexPrefix(absl::string_view text) {
  return absl::StartsWithIgnoreCase(text, "0x");
}

// Copies `digits` without its underscores, each of which must stand between two digits; the first
// may follow a base prefix.
std::optional<std::string> RemoveUnderscores(absl::string_view digits, bool after_prefix) {
  std::string out;
  bool digit_before = after_prefix;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (digits[i] != '_') {
      digit_before = absl::ascii_isxdigit(digits[i]);
      out.push_back(digits[i]);
      continue;
    }
    if (!digit_before || i + 1 == digits.size() || !absl::ascii_isxdigit(digits[i + 1])) {
      return std::nullopt;
    }
    digit_before = false;
  }
  return out;
}

std::optional<double> ParseWord(absl::string_view text) {
  if (absl::EqualsIgnoreCase(text, "inf") || absl::EqualsIgnoreCase(text, "infinity")) {
    return std::numeric_limits<double>::infinity();
  }
  if (absl::EqualsIgnoreCase(text, "nan")) return std::numeric_limits<double>::quiet_NaN();
  return std::nullopt;
}

std::optional<int64_t> ParseInteger(absl::string_view digits, int base) {
  int64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, value, base);
  if (error != std::errc() || rest != end) return std::nullopt;
  return value;
}

absl::StatusOr<double> ParseHex(absl::string_view text) {
  const std::optional<std::string> digits = RemoveUnderscores(text.substr(2), true);
  if (!digits.has_value() || digits->empty() || !absl::ascii_isxdigit(digits->front())) {
    return Malformed(text);
  }
  if (const auto integer = ParseInteger(*digits, 16)) return static_cast<double>(*integer);
  // As in Go, a hexadecimal number that is no 64-bit integer needs an exponent.
  if (!absl::StrContains(*digits, 'p') && !absl::StrContains(*digits, 'P')) return Malformed(text);
  double value = 0;
  const char* end = digits->data() + digits->size();
  const auto result = absl::from_chars(digits->data(), end, value, absl::chars_format::hex);
  if (result.ptr != end || result.ec == std::errc::invalid_argument) return Malformed(text);
  if (result.ec == std::errc::result_out_of_range)
    return value > 1 ? TooLarge(text) : absl::StatusOr<double>(0.0);
  return value;
}

absl::StatusOr<double> ParseDecimal(absl::string_view text) {
  // Keeps out what SimpleAtod accepts beyond Go: spaces and words.
  for (const char c : text) {
    if (!absl::ascii_isdigit(c) && !absl::StrContains("+-._eE", c)) return Malformed(text);
  }
  const std::optional<std::string> digits = RemoveUnderscores(text, false);
  double value = 0;
  if (!digits.has_value() || digits->empty() || digits->front() == '+' || digits->front() == '-' ||
      !absl::SimpleAtod(*digits, &value)) {
    return Malformed(text);
  }
  if (std::isinf(value)) return TooLarge(text);
  return value;
}

absl::StatusOr<double> ParseUnsigned(absl::string_view text) {
  if (const auto word = ParseWord(text)) return *word;
  return HasHexPrefix(text) ? ParseHex(text) : ParseDecimal(text);
}

// The shortest digits of a finite number: value = 0.d1d2d3... * 10^point.
struct Digits {
  std::string digits;
  int point = 0;
};

Digits ShortestDigits(double magnitude) {
  char buffer[64];
  const auto result =
      std::to_chars(buffer, buffer + sizeof(buffer), magnitude, std::chars_format::scientific);
  const absl::string_view text(buffer, static_cast<size_t>(result.ptr - buffer));
  const size_t e = text.find('e');
  Digits out;
  for (const char c : text.substr(0, e)) {
    if (c != '.') out.digits.push_back(c);
  }
  int exponent = 0;
  absl::string_view exponent_text = text.substr(e + 1);
  if (exponent_text[0] == '+') exponent_text.remove_prefix(1);
  std::from_chars(exponent_text.data(), exponent_text.data() + exponent_text.size(), exponent);
  out.point = exponent + 1;
  return out;
}

std::string WithoutExponent(const Digits& d) {
  const int count = static_cast<int>(d.digits.size());
  if (d.point <= 0)
    return absl::StrCat("0.", std::string(static_cast<size_t>(-d.point), '0'), d.digits);
  if (d.point >= count) {
    return absl::StrCat(d.digits, std::string(static_cast<size_t>(d.point - count), '0'));
  }
  const size_t point = static_cast<size_t>(d.point);
  return absl::StrCat(d.digits.substr(0, point), ".", d.digits.substr(point));
}

std::string WithExponent(const Digits& d) {
  const int exponent = d.point - 1;
  const int magnitude = exponent < 0 ? -exponent : exponent;
  return absl::StrCat(d.digits.substr(0, 1), d.digits.size() > 1 ? "." : "", d.digits.substr(1),
                      "e", exponent < 0 ? "-" : "+", magnitude < 10 ? "0" : "", magnitude);
}

std::string Format(double value, bool allow_exponent) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  const std::string sign = std::signbit(value) ? "-" : "";
  const double magnitude = std::fabs(value);
  if (magnitude == 0) return sign + "0";
  const Digits digits = ShortestDigits(magnitude);
  const bool extreme = magnitude < 1e-6 || magnitude >= 1e21;
  return sign + (allow_exponent && extreme ? WithExponent(digits) : WithoutExponent(digits));
}

}  // namespace

absl::StatusOr<double> ParseNumber(absl::string_view text) {
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return ParseUnsigned(text);
  const absl::StatusOr<double> magnitude = ParseUnsigned(text.substr(1));
  if (!magnitude.ok()) return Malformed(text);
  return text[0] == '-' && !std::isnan(*magnitude) ? -*magnitude : *magnitude;
}

absl::StatusOr<double> ParseNumberLiteral(absl::string_view text) {
  if (text.size() > 1 && text[0] == '0' && !HasHexPrefix(text)) {
    const std::optional<std::string> digits = RemoveUnderscores(text.substr(1), true);
    if (digits.has_value()) {
      if (const auto octal = ParseInteger(*digits, 8)) return static_cast<double>(*octal);
    }
  }
  return ParseNumber(text);
}

std::string FormatNumber(double value) {
  return Format(value, false);
}

std::string FormatNumberShort(double value) {
  return Format(value, true);
}

}  // namespace tocsin::promql
