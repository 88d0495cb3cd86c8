#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

// The audit file: one JSON object a line, each with its number `n` and the SHA-256 of the line
// before it (`previous`), so that no line can be changed, left out or put in between without a
// trace. Who may write to the file can still replace all of it: the hashes are in the process' own
// log, too.
namespace tocsin::audit {

inline constexpr char kFileName[] = "audit.jsonl";
inline constexpr char kOlderName[] = "audit.1.jsonl";  // what the file was before it grew too large

// The end of the chain.
struct Head {
  uint64_t n = 0;    // of the last entry; 0: there is none
  std::string hash;  // of its line, hexadecimal; "" if there is none
};

struct Line {
  uint64_t n = 0;
  std::string previous;
};
// InvalidArgument if it is no entry.
absl::StatusOr<Line> ParseLine(absl::string_view line);
std::string HashOf(absl::string_view line);  // without its end

struct Audit {
  uint64_t entries = 0;
  std::vector<std::string> findings;  // "audit.jsonl:17: this is no whole entry"; at most a hundred
  Head head;
};
// Follows the chain through the files of a data directory, the older first, and gives each entry to
// `take`, as it stands there. NotFound if there is no audit, PermissionDenied or Unavailable if it
// cannot be read.
absl::StatusOr<Audit> ReadAudit(const std::string& data_dir,
                                const std::function<void(const std::string& line)>& take);

}  // namespace tocsin::audit
