#include "tests/fuzz/record_input.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace tocsin::fuzz {
namespace {

bool IsHex(absl::string_view text) {
  return text.size() % 2 == 0 && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isxdigit(static_cast<unsigned char>(c));
         });
}

}  // namespace

std::vector<StoredRecord> ReadRecords(absl::string_view text) {
  std::vector<StoredRecord> records;
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    if (line.front() == '#') continue;
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(line, absl::MaxSplits(' ', 1));
    if (!IsHex(parts.second)) continue;
    records.push_back({std::string(parts.first), absl::HexStringToBytes(parts.second)});
  }
  return records;
}

std::string WriteRecords(const std::vector<StoredRecord>& records) {
  std::string text;
  for (const StoredRecord& record : records) {
    absl::StrAppend(&text, record.kind, " ", absl::BytesToHexString(record.bytes), "\n");
  }
  return text;
}

}  // namespace tocsin::fuzz
