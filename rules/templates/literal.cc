#include "rules/templates/literal.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"

namespace tocsin::templates {
namespace {

// Base and digits of "0x1f", "0b1", "0o17", "017", "12".
struct IntegerText {
  int base = 10;
  absl::string_view digits;
};

IntegerText SplitBase(absl::string_view text) {
  if (text.size() > 1 && text[0] == '0') {
    switch (absl::ascii_tolower(text[1])) {
      case 'x':
        return {16, text.substr(2)};
      case 'b':
        return {2, text.substr(2)};
      case 'o':
        return {8, text.substr(2)};
      default:
        return {8, text.substr(1)};
    }
  }
  return {10, text};
}

std::optional<Value> ParseInteger(absl::string_view text, bool negative) {
  const IntegerText integer = SplitBase(text);
  if (integer.digits.empty()) return std::nullopt;
  const std::string digits(integer.digits);
  char* end = nullptr;
  errno = 0;
  const long long value = std::strtoll(digits.c_str(), &end, integer.base);
  if (errno != 0 || end != digits.c_str() + digits.size()) return std::nullopt;
  if (!absl::ascii_isxdigit(static_cast<unsigned char>(digits[0]))) return std::nullopt;
  return Value{int64_t{negative ? -value : value}};
}

}  // namespace

std::optional<Value> ParseGoNumber(absl::string_view written) {
  std::string text(written);
  text.erase(std::remove(text.begin(), text.end(), '_'), text.end());
  absl::string_view rest = text;
  const bool negative = absl::StartsWith(rest, "-");
  if (negative || absl::StartsWith(rest, "+")) rest.remove_prefix(1);
  if (rest.empty()) return std::nullopt;
  const bool hex = absl::StartsWithIgnoreCase(rest, "0x");
  const bool is_float = rest.find_first_of(hex ? ".pP" : ".eE") != absl::string_view::npos;
  if (!is_float) return ParseInteger(rest, negative);
  if (!absl::ascii_isdigit(rest[0]) && rest[0] != '.') return std::nullopt;
  const std::string digits(rest);
  char* end = nullptr;
  const double value = std::strtod(digits.c_str(), &end);
  if (end != digits.c_str() + digits.size() || std::isinf(value)) return std::nullopt;
  return Value{negative ? -value : value};
}

std::optional<Value> ParseGoChar(absl::string_view text) {
  if (text.size() < 3) return std::nullopt;
  std::string character;
  if (!absl::CUnescape(text.substr(1, text.size() - 2), &character) || character.empty()) {
    return std::nullopt;
  }
  const auto lead = static_cast<unsigned char>(character[0]);
  const size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (character.size() != length) return std::nullopt;
  int64_t rune = length == 1 ? lead : lead & (0xff >> (length + 1));
  for (size_t i = 1; i < length; ++i) rune = rune << 6 | (character[i] & 0x3f);
  return Value{rune};
}

}  // namespace tocsin::templates
