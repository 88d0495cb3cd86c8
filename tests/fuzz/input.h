#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace tocsin::fuzz {

inline absl::string_view Text(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// For APIs that want one.
inline std::string String(absl::string_view text) {
  return std::string(text);
}

}  // namespace tocsin::fuzz
