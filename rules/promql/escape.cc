#include "rules/promql/escape.h"

#include <string>

#include "absl/strings/ascii.h"
#include "base/check.h"
#include "rules/promql/lexer.h"
#include "rules/promql/quote.h"

namespace tocsin::promql {

int DigitValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = absl::ascii_tolower(static_cast<unsigned char>(c));
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 16;
}

NumericEscape NumericEscapeOf(char c) {
  if (c >= '0' && c <= '7') return {3, 8, 255};
  if (c == 'x') return {2, 16, 255};
  if (c == 'u') return {4, 16, 0x10FFFF};
  if (c == 'U') return {8, 16, 0x10FFFF};
  return {};
}

char PlainEscape(char c) {
  switch (c) {
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'v':
      return '\v';
    case '\\':
      return '\\';
    default:
      return 0;
  }
}

namespace {

// Appends what the escape at the front of `rest` (behind its backslash) stands for, and removes it.
void UnescapeInto(absl::string_view& rest, std::string& out) {
  const char c = rest[0];
  const NumericEscape escape = NumericEscapeOf(c);
  if (escape.digits == 0) {
    const char plain = PlainEscape(c);
    out.push_back(plain != 0 ? plain : c);
    return rest.remove_prefix(1);
  }
  if (escape.base == 16) rest.remove_prefix(1);
  TOCSIN_CHECK(rest.size() >= escape.digits) << "escape the lexer let through";
  unsigned value = 0;
  for (const char digit : rest.substr(0, escape.digits)) {
    value = value * escape.base + static_cast<unsigned>(DigitValue(digit));
  }
  rest.remove_prefix(escape.digits);
  if (escape.max == 255) {
    out.push_back(static_cast<char>(value));
  } else {
    AppendCodePoint(value, out);
  }
}

}  // namespace

std::string UnquoteToken(absl::string_view quoted) {
  TOCSIN_CHECK(quoted.size() >= 2) << "string token " << std::string(quoted);
  absl::string_view rest = quoted.substr(1, quoted.size() - 2);
  if (quoted[0] == '`') return std::string(rest);
  std::string out;
  while (!rest.empty()) {
    const char c = rest[0];
    rest.remove_prefix(1);
    if (c == '\\') {
      UnescapeInto(rest, out);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

}  // namespace tocsin::promql
