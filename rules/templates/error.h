#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace tocsin::templates {

// InvalidArgument "line:column: message"; columns count code points, both are 1-based.
inline absl::Status ErrorAt(absl::string_view text, size_t offset, absl::string_view message) {
  int line = 1;
  int column = 1;
  for (const char c : text.substr(0, offset)) {
    if (c == '\n') {
      ++line;
      column = 1;
    } else if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) {
      ++column;
    }
  }
  return absl::InvalidArgumentError(absl::StrCat(line, ":", column, ": ", message));
}

}  // namespace tocsin::templates
