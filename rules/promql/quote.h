#pragma once

#include <string>

#include "absl/strings/string_view.h"

// Strings as Go quotes them. Pure; thread: any.
namespace tocsin::promql {

// `text` in double quotes. Control characters and bytes that are no UTF-8 are escaped.
std::string Quote(absl::string_view text);

// 'c' as error messages show one character; `code_point` may be any.
std::string QuoteCodePoint(char32_t code_point);

// The first character of `text`, which is not empty: its code point and bytes. A byte that is no
// UTF-8 is U+FFFD.
struct Decoded {
  char32_t code_point = 0;
  size_t bytes = 1;
};
Decoded DecodeCodePoint(absl::string_view text);

void AppendCodePoint(char32_t code_point, std::string& out);

}  // namespace tocsin::promql
