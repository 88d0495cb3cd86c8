#include "app/detect_csv.h"

#include <cmath>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "app/send_data.h"
#include "base/status_macros.h"

namespace tocsin::app {
namespace {

absl::Status Refuse(size_t line, absl::string_view text, absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(line, ": \"", text, "\" is not a ", what));
}

absl::StatusOr<DetectRow> ParseRow(size_t line, absl::string_view text) {
  const std::vector<absl::string_view> fields = absl::StrSplit(text, ',');
  if (fields.size() != 2) {
    return absl::InvalidArgumentError(
        absl::StrCat(line, ": expected timestamp,value, found ", fields.size(), " fields"));
  }
  DetectRow row;
  row.time_text = std::string(absl::StripAsciiWhitespace(fields[0]));
  const auto time = ParseCsvTime(row.time_text);
  if (!time) return Refuse(line, row.time_text, "timestamp (YYYY-MM-DD HH:MM:SS)");
  row.time = *time;
  const absl::string_view value = absl::StripAsciiWhitespace(fields[1]);
  row.value = std::numeric_limits<double>::quiet_NaN();
  if (!value.empty() && !absl::SimpleAtod(value, &row.value)) return Refuse(line, value, "value");
  return row;
}

// A first line whose first field is no time.
bool IsHeader(absl::string_view text) {
  const absl::string_view first = text.substr(0, text.find(','));
  return !ParseCsvTime(absl::StripAsciiWhitespace(first));
}

void AppendNumber(std::string& out, double value) {
  absl::StrAppendFormat(&out, ",%.9g", value);
}

}  // namespace

absl::StatusOr<std::vector<DetectRow>> ParseDetectCsv(absl::string_view text) {
  std::vector<DetectRow> rows;
  size_t line = 0;
  for (absl::string_view part : absl::StrSplit(text, '\n')) {
    ++line;
    part = absl::StripAsciiWhitespace(part);
    if (part.empty() || (line == 1 && IsHeader(part))) continue;
    TOCSIN_ASSIGN_OR_RETURN(DetectRow row, ParseRow(line, part));
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string DetectCsv(const std::vector<DetectRow>& rows,
                      const std::vector<anomaly::Verdict>& verdicts) {
  std::string out = "timestamp,value,score,expected,lower,upper,state\n";
  for (size_t i = 0; i < rows.size(); ++i) {
    const anomaly::Verdict& verdict = verdicts[i];
    const bool present = std::isfinite(rows[i].value);
    absl::StrAppend(&out, rows[i].time_text, ",");
    if (present) absl::StrAppendFormat(&out, "%.12g", rows[i].value);
    if (present) {
      AppendNumber(out, verdict.score);
    } else {
      out += ',';
    }
    if (verdict.judged) {
      AppendNumber(out, verdict.expected);
      AppendNumber(out, verdict.lower);
      AppendNumber(out, verdict.upper);
    } else {
      out += ",,,";
    }
    absl::StrAppend(&out, ",", anomaly::StateName(verdict.state), "\n");
  }
  return out;
}

}  // namespace tocsin::app
