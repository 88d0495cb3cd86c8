#include "rules/yaml_position.h"

#include <algorithm>

namespace tocsin::rules {
namespace {

bool IsWhite(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

size_t EndOfLine(absl::string_view text, size_t offset) {
  return std::min(text.find('\n', offset), text.size());
}

// Length in the text of one escape that starts at `at`, and what it stands for.
struct Escape {
  size_t length = 2;
  size_t non_white_bytes = 1;
};

size_t Utf8Length(size_t code_point) {
  if (code_point < 0x80) return 1;
  if (code_point < 0x800) return 2;
  return code_point < 0x10000 ? 3 : 4;
}

Escape HexEscape(absl::string_view text, size_t at, size_t digits) {
  size_t code_point = 0;
  size_t read = 0;
  for (; read < digits && at + 2 + read < text.size(); ++read) {
    const char c = text[at + 2 + read];
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : 0;
    code_point = code_point * 16 + static_cast<size_t>(digit);
  }
  const bool white = code_point == ' ' || (code_point >= 9 && code_point <= 13);
  return {2 + read, white ? 0 : Utf8Length(code_point)};
}

Escape EscapeAt(absl::string_view text, size_t at) {
  if (at + 1 >= text.size()) return {1, 1};
  switch (text[at + 1]) {
    case 'n':
    case 't':
    case 'r':
    case ' ':
    case '\n':
    case '\t':
      return {2, 0};
    case 'x':
      return HexEscape(text, at, 2);
    case 'u':
      return HexEscape(text, at, 4);
    case 'U':
      return HexEscape(text, at, 8);
    default:
      return {2, 1};
  }
}

// What stands at `at` in the text of a scalar opened by `quote` ('\0': not quoted).
Escape UnitAt(absl::string_view text, size_t at, char quote) {
  if (quote == '"' && text[at] == '\\') return EscapeAt(text, at);
  if (quote == '\'' && text.substr(at, 2) == "''") return {2, 1};
  return {1, IsWhite(text[at]) ? size_t{0} : size_t{1}};
}

}  // namespace

size_t OffsetInText(absl::string_view text, size_t offset, absl::string_view value,
                    size_t value_offset) {
  if (offset >= text.size()) return text.size();
  value_offset = std::min(value_offset, value.size());
  const char first = text[offset];
  const char quote = first == '"' || first == '\'' ? first : '\0';
  if (first == '|' || first == '>') {
    offset = EndOfLine(text, offset);
  } else if (quote != '\0') {
    ++offset;
  }

  const absl::string_view before = value.substr(0, value_offset);
  size_t to_pass = static_cast<size_t>(
      std::count_if(before.begin(), before.end(), [](char c) { return !IsWhite(c); }));
  const bool on_character = value_offset < value.size() && !IsWhite(value[value_offset]);
  while (offset < text.size()) {
    const Escape unit = UnitAt(text, offset, quote);
    if (to_pass == 0 && (!on_character || unit.non_white_bytes > 0)) break;
    if (unit.non_white_bytes > to_pass) break;
    to_pass -= unit.non_white_bytes;
    offset += unit.length;
  }
  if (on_character) return offset;
  // Among white space: as far behind the last character as in the value, but not on the next line.
  const size_t last = before.find_last_not_of(" \t\r\n");
  const size_t white = last == absl::string_view::npos ? before.size() : before.size() - last - 1;
  return std::min(offset + white, std::max(offset, EndOfLine(text, offset)));
}

}  // namespace tocsin::rules
