#include "rules/promql/quote.h"

#include "absl/strings/str_cat.h"

namespace tocsin::promql {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

// Bytes of a sequence that starts with `lead`; 0 if none can.
size_t SequenceBytes(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return 2;
  if (lead >= 0xE0 && lead < 0xF0) return 3;
  if (lead >= 0xF0 && lead < 0xF5) return 4;
  return 0;
}

bool IsOverlongOrSurrogate(char32_t c, size_t bytes) {
  return (bytes == 3 && (c < 0x800 || (c >= 0xD800 && c < 0xE000))) ||
         (bytes == 4 && (c < 0x10000 || c > 0x10FFFF));
}

// The letter of `\n` and the like; 0 if the character has none.
char EscapeLetter(char32_t c) {
  switch (c) {
    case '\a':
      return 'a';
    case '\b':
      return 'b';
    case '\f':
      return 'f';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\t':
      return 't';
    case '\v':
      return 'v';
    case '\\':
      return '\\';
    default:
      return 0;
  }
}

void AppendEscaped(absl::string_view bytes, char32_t c, char quote, std::string& out) {
  const bool invalid = c == kReplacement && bytes.size() == 1;
  if (invalid) {
    absl::StrAppend(&out, "\\x", absl::Hex(static_cast<unsigned char>(bytes[0]), absl::kZeroPad2));
  } else if (c == static_cast<char32_t>(quote)) {
    out.push_back('\\');
    out.push_back(quote);
  } else if (const char letter = EscapeLetter(c)) {
    out.push_back('\\');
    out.push_back(letter);
  } else if (c < 0x20 || c == 0x7F) {
    absl::StrAppend(&out, "\\x", absl::Hex(static_cast<unsigned>(c), absl::kZeroPad2));
  } else if (c >= 0x80 && c < 0xA0) {
    absl::StrAppend(&out, "\\u", absl::Hex(static_cast<unsigned>(c), absl::kZeroPad4));
  } else {
    out.append(bytes.data(), bytes.size());
  }
}

}  // namespace

Decoded DecodeCodePoint(absl::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const size_t bytes = SequenceBytes(lead);
  if (bytes == 1) return {lead, 1};
  if (bytes == 0 || text.size() < bytes) return {kReplacement, 1};
  char32_t c = lead & (0x7Fu >> bytes);
  for (size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0) != 0x80) return {kReplacement, 1};
    c = (c << 6) | (next & 0x3Fu);
  }
  if (IsOverlongOrSurrogate(c, bytes)) return {kReplacement, 1};
  return {c, bytes};
}

void AppendCodePoint(char32_t c, std::string& out) {
  const auto tail = [&](int shift) {
    out.push_back(static_cast<char>(0x80 | ((c >> shift) & 0x3F)));
  };
  if (c < 0x80) {
    out.push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out.push_back(static_cast<char>(0xC0 | (c >> 6)));
    tail(0);
  } else if (c < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | (c >> 12)));
    tail(6);
    tail(0);
  } else {
    out.push_back(static_cast<char>(0xF0 | (c >> 18)));
    tail(12);
    tail(6);
    tail(0);
  }
}

std::string Quote(absl::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const Decoded c = DecodeCodePoint(text);
    AppendEscaped(text.substr(0, c.bytes), c.code_point, '"', out);
    text.remove_prefix(c.bytes);
  }
  out.push_back('"');
  return out;
}

std::string QuoteCodePoint(char32_t code_point) {
  std::string bytes;
  AppendCodePoint(code_point, bytes);
  std::string out = "'";
  AppendEscaped(bytes, code_point, '\'', out);
  out.push_back('\'');
  return out;
}

}  // namespace tocsin::promql
