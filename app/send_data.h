#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/timestamp.h"
#include "integrations/ingest/otlp_encode.h"

// What `tocsin send` sends, as pure functions.
namespace tocsin::app {

struct CsvRow {
  Timestamp time;
  double value = 0;
};

// "YYYY-MM-DD HH:MM:SS" (UTC), RFC 3339 or Unix seconds; nullopt: something else.
std::optional<Timestamp> ParseCsvTime(absl::string_view text);

// Rows `timestamp,value`, LF or CRLF, with or without a header line. Rows whose value is empty or
// not a number are left out. InvalidArgument "line N: ..." otherwise.
absl::StatusOr<std::vector<CsvRow>> ParseCsv(absl::string_view text);

// "key=value" pairs as attributes. InvalidArgument for text without '='.
absl::StatusOr<ingest::Attributes> ParseAttributes(const std::vector<std::string>& pairs);

// The points of `series` made-up series at `now`: a gauge tocsin_generated that moves in a 5 min
// wave, each series at its own phase. The same arguments give the same points.
std::vector<ingest::OutgoingPoint> GeneratePoints(size_t series, Timestamp now);

}  // namespace tocsin::app
