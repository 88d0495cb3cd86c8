#include "integrations/ingest/number_text.h"

#include <charconv>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace tocsin::ingest {
namespace {

struct Decimal {
  std::string digits;  // of the absolute value, without a point
  int exponent = 0;    // of the first digit
};

// std::to_chars alone would write the digits of large numbers beyond those that are needed.
Decimal ShortestDigits(double value) {
  char buffer[32];
  const auto end =
      std::to_chars(buffer, buffer + sizeof(buffer), std::abs(value), std::chars_format::scientific)
          .ptr;
  const absl::string_view text(buffer, static_cast<size_t>(end - buffer));
  const size_t e = text.find('e');
  Decimal decimal;
  for (char c : text.substr(0, e)) {
    if (c != '.') decimal.digits.push_back(c);
  }
  const char* from = text.data() + e + 1 + (text[e + 1] == '+' ? 1 : 0);
  std::from_chars(from, end, decimal.exponent);
  return decimal;
}

std::string WithoutExponent(const std::string& sign, const Decimal& decimal) {
  const auto& [digits, exponent] = decimal;
  const int count = static_cast<int>(digits.size());
  if (exponent < 0) return absl::StrCat(sign, "0.", std::string(-exponent - 1, '0'), digits);
  if (exponent >= count - 1) {
    return absl::StrCat(sign, digits, std::string(exponent - count + 1, '0'));
  }
  return absl::StrCat(sign, digits.substr(0, exponent + 1), ".", digits.substr(exponent + 1));
}

}  // namespace

std::string ShortestNumber(double value) {
  const Decimal decimal = ShortestDigits(value);
  const auto& [digits, exponent] = decimal;
  const std::string sign = std::signbit(value) ? "-" : "";
  if (value != 0 && (exponent < -6 || exponent >= 21)) {
    const std::string fraction = digits.size() > 1 ? absl::StrCat(".", digits.substr(1)) : "";
    return absl::StrCat(sign, digits.substr(0, 1), fraction, exponent < 0 ? "e-" : "e+",
                        std::abs(exponent));
  }
  return WithoutExponent(sign, decimal);
}

std::string PlainNumber(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return WithoutExponent(std::signbit(value) ? "-" : "", ShortestDigits(value));
}

}  // namespace tocsin::ingest
