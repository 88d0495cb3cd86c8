#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/timestamp.h"
#include "engine/anomaly/verdict.h"

namespace tocsin::app {

// A row of the series that `tocsin detect` reads.
struct DetectRow {
  std::string time_text;  // as it stands in the file
  Timestamp time;         // read as UTC
  double value = 0;       // not a number if it is missing
};

// Rows `timestamp,value` (`YYYY-MM-DD HH:MM:SS`, with fractions if need be; LF or CRLF), after a
// header or without. An empty value is a missing one. InvalidArgument names the line:
// "12: \"abc\" is not a value".
absl::StatusOr<std::vector<DetectRow>> ParseDetectCsv(absl::string_view text);

// The header and one row per input row: timestamp,value,score,expected,lower,upper,state. A missing
// value has neither score nor band; while a series is learned its scores are 0 and it has no band.
std::string DetectCsv(const std::vector<DetectRow>& rows,
                      const std::vector<anomaly::Verdict>& verdicts);

}  // namespace tocsin::app
