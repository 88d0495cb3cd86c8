#include "integrations/page/clamp.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "base/check.h"

namespace tocsin::page {
namespace {

constexpr char kEllipsis[] = "\xe2\x80\xa6";
constexpr char kReplacement[] = "\xef\xbf\xbd";

bool Continuation(unsigned char c) {
  return (c & 0xc0) == 0x80;
}

// Length in bytes of the valid sequence at the start of `text`; 0 if there is none. Refuses
// overlong forms, surrogates and what lies above U+10FFFF.
size_t SequenceBytes(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if (!Continuation(byte(i))) return 0;
  }
  if (first == 0xe0 && byte(1) < 0xa0) return 0;
  if (first == 0xed && byte(1) > 0x9f) return 0;
  if (first == 0xf0 && byte(1) < 0x90) return 0;
  if (first == 0xf4 && byte(1) > 0x8f) return 0;
  return length;
}

// Byte position of code point number `index` (or the end).
size_t Position(absl::string_view text, size_t index) {
  size_t position = 0;
  for (; position < text.size(); ++position) {
    if (Continuation(static_cast<unsigned char>(text[position]))) continue;
    if (index-- == 0) break;
  }
  return position;
}

}  // namespace

std::string ValidUtf8(absl::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t length = SequenceBytes(text);
    if (length == 0) {
      out += kReplacement;
    } else {
      out.append(text.data(), length);
    }
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return out;
}

size_t CountCodePoints(absl::string_view valid_utf8) {
  return std::count_if(valid_utf8.begin(), valid_utf8.end(),
                       [](char c) { return !Continuation(static_cast<unsigned char>(c)); });
}

std::string ClampMiddle(absl::string_view text, size_t max) {
  TOCSIN_CHECK(max >= 8);
  const std::string valid = ValidUtf8(text);
  const size_t length = CountCodePoints(valid);
  if (length <= max) return valid;
  const size_t tail = max / 3;
  const size_t head = max - 1 - tail;
  return absl::StrCat(valid.substr(0, Position(valid, head)), kEllipsis,
                      valid.substr(Position(valid, length - tail)));
}

std::string ClampEnd(absl::string_view text, size_t max) {
  TOCSIN_CHECK(max >= 64);
  const std::string valid = ValidUtf8(text);
  const size_t length = CountCodePoints(valid);
  if (length <= max) return valid;
  // The note's own length depends on digits only: 40 is more than it ever needs.
  const size_t kept = max - 40;
  return absl::StrCat(valid.substr(0, Position(valid, kept)), kEllipsis, " [", length - kept,
                      " more characters]");
}

}  // namespace tocsin::page
