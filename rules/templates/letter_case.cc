#include "rules/templates/letter_case.h"

#include <cstdint>

namespace tocsin::templates {
namespace {

// One code point and its bytes; invalid bytes stand for themselves.
struct Rune {
  uint32_t code = 0;
  size_t length = 1;
};

Rune RuneAt(absl::string_view text, size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const bool two_bytes = lead >> 5 == 6 && at + 1 < text.size() &&
                         (static_cast<unsigned char>(text[at + 1]) & 0xc0) == 0x80;
  if (lead < 0x80 || !two_bytes) return {lead < 0x80 ? lead : 0xffffffffu, 1};
  return {(lead & 0x1fu) << 6 | (static_cast<unsigned char>(text[at + 1]) & 0x3fu), 2};
}

void Append(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
    return;
  }
  out += static_cast<char>(0xc0 | code >> 6);
  out += static_cast<char>(0x80 | (code & 0x3f));
}

bool Between(uint32_t code, uint32_t first, uint32_t last) {
  return code >= first && code <= last;
}

// Latin Extended-A alternates; which of a pair is upper case changes twice, and some letters have
// no pair.
bool UpperIsEven(uint32_t code) {
  return Between(code, 0x100, 0x137) || Between(code, 0x14a, 0x177);
}
bool UpperIsOdd(uint32_t code) {
  return Between(code, 0x139, 0x148) || Between(code, 0x179, 0x17e);
}
bool HasNoPair(uint32_t code) {
  return code == 0x130 || code == 0x131;
}

uint32_t Lower(uint32_t code) {
  if (Between(code, 'A', 'Z')) return code + 32;
  if (Between(code, 0xc0, 0xde) && code != 0xd7) return code + 32;
  if (Between(code, 0x391, 0x3a9)) return code + 32;
  if (Between(code, 0x410, 0x42f)) return code + 32;
  if (Between(code, 0x400, 0x40f)) return code + 80;
  if (HasNoPair(code)) return code;
  if (UpperIsEven(code)) return code | 1;
  if (UpperIsOdd(code)) return code % 2 == 1 ? code + 1 : code;
  return code;
}

uint32_t Upper(uint32_t code) {
  if (Between(code, 'a', 'z')) return code - 32;
  if (Between(code, 0xe0, 0xfe) && code != 0xf7) return code - 32;
  if (Between(code, 0x3b1, 0x3c9) && code != 0x3c2) return code - 32;
  if (Between(code, 0x430, 0x44f)) return code - 32;
  if (Between(code, 0x450, 0x45f)) return code - 80;
  if (HasNoPair(code)) return code;
  if (UpperIsEven(code)) return code & ~1u;
  if (UpperIsOdd(code)) return code % 2 == 0 ? code - 1 : code;
  return code;
}

// As strings.Title sees it: in ASCII all but letters, digits and underscore.
bool IsSeparator(uint32_t code) {
  if (code >= 0x80) return code == 0x85 || code == 0xa0;
  return !(Between(code, '0', '9') || Between(code, 'a', 'z') || Between(code, 'A', 'Z') ||
           code == '_');
}

template <typename Change>
std::string Map(absl::string_view text, Change change) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const Rune rune = RuneAt(text, at);
    if (rune.code == 0xffffffffu) {
      change(uint32_t{0xffffffff});
      out += text[at];
    } else {
      Append(out, change(rune.code));
    }
    at += rune.length;
  }
  return out;
}

}  // namespace

std::string UpperCase(absl::string_view text) {
  return Map(text, Upper);
}
std::string LowerCase(absl::string_view text) {
  return Map(text, Lower);
}

std::string TitleCase(absl::string_view text) {
  bool at_start = true;
  return Map(text, [&](uint32_t code) {
    const uint32_t changed = at_start ? Upper(code) : code;
    at_start = IsSeparator(code);
    return changed;
  });
}

}  // namespace tocsin::templates
