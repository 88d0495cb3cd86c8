#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

// Stored records as inputs of a fuzz target: a line each, `kind hexbytes`, and `#` comments.
namespace tocsin::fuzz {

struct StoredRecord {
  std::string kind;
  std::string bytes;
};

// Lines that are none are left out.
std::vector<StoredRecord> ReadRecords(absl::string_view text);
std::string WriteRecords(const std::vector<StoredRecord>& records);

}  // namespace tocsin::fuzz
