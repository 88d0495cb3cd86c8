#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace tocsin::page {

// Receivers count code points and refuse what is too long; these cut before they do. All take any
// bytes and return valid UTF-8 (each byte that is not part of a valid sequence becomes U+FFFD).

std::string ValidUtf8(absl::string_view text);
size_t CountCodePoints(absl::string_view valid_utf8);

// At most `max` code points. What is too long loses its middle, since both ends of a summary or a
// path identify it: "checkout answers in …s eu-1". max >= 8.
std::string ClampMiddle(absl::string_view text, size_t max);

// At most `max` code points. What is too long loses its end and says how much: "… [1234 more
// characters]". max >= 64.
std::string ClampEnd(absl::string_view text, size_t max);

}  // namespace tocsin::page
