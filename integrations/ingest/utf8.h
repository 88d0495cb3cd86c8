#pragma once

#include "absl/strings/string_view.h"

namespace tocsin::ingest {

// Whether `bytes` are well-formed UTF-8 (no overlong forms, no surrogates, at most U+10FFFF). What
// is not would break every JSON and page it reaches.
bool IsUtf8(absl::string_view bytes);

}  // namespace tocsin::ingest
