#include "app/send_data.h"

#include <cmath>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"

namespace tocsin::app {
namespace {

constexpr double kWaveSeconds = 300;
constexpr double kPi = 3.14159265358979323846;

}  // namespace

std::optional<Timestamp> ParseCsvTime(absl::string_view text) {
  double seconds = 0;
  if (absl::SimpleAtod(text, &seconds)) {
    if (!(std::abs(seconds) < 9e12)) return std::nullopt;
    return Timestamp::FromMillis(std::llround(seconds * 1000));
  }
  absl::Time time;
  std::string error;
  const std::string copy(text);
  if (absl::ParseTime("%Y-%m-%d %H:%M:%E*S", copy, &time, &error) ||
      absl::ParseTime(absl::RFC3339_full, copy, &time, &error)) {
    return Timestamp::FromMillis(absl::ToUnixMillis(time));
  }
  return std::nullopt;
}

absl::StatusOr<std::vector<CsvRow>> ParseCsv(absl::string_view text) {
  std::vector<CsvRow> rows;
  size_t number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty()) continue;
    const size_t comma = line.find(',');
    if (comma == absl::string_view::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", number, ": expected timestamp,value"));
    }
    const auto time = ParseCsvTime(absl::StripAsciiWhitespace(line.substr(0, comma)));
    if (!time) {
      if (number == 1) continue;  // a header
      return absl::InvalidArgumentError(
          absl::StrCat("line ", number, ": \"", line.substr(0, comma), "\" is not a timestamp"));
    }
    const absl::string_view rest = line.substr(comma + 1);
    double value = 0;
    if (!absl::SimpleAtod(rest.substr(0, rest.find(',')), &value)) continue;
    rows.push_back({*time, value});
  }
  return rows;
}

absl::StatusOr<ingest::Attributes> ParseAttributes(const std::vector<std::string>& pairs) {
  ingest::Attributes attributes;
  for (const std::string& pair : pairs) {
    const size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return absl::InvalidArgumentError(absl::StrCat("\"", pair, "\" is not key=value"));
    }
    attributes.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return attributes;
}

std::vector<ingest::OutgoingPoint> GeneratePoints(size_t series, Timestamp now) {
  std::vector<ingest::OutgoingPoint> points(series);
  for (size_t i = 0; i < series; ++i) {
    const double phase = static_cast<double>(i) / static_cast<double>(series);
    points[i].name = "tocsin_generated";
    points[i].attributes = {{"series", absl::StrCat(i)}};
    points[i].time = now;
    points[i].value = 50 + 50 * std::sin(2 * kPi * (now.seconds() / kWaveSeconds + phase));
  }
  return points;
}

}  // namespace tocsin::app
