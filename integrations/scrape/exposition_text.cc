#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "base/status_macros.h"
#include "integrations/ingest/utf8.h"
#include "integrations/scrape/exposition_scan.h"

// Prometheus' text format.
namespace tocsin::scrape {
namespace {

class TextReader {
 public:
  TextReader(absl::string_view text, TakeSample take) : scan_(text), take_(take) {}

  absl::Status Read() {
    while (!scan_.done()) {
      scan_.SkipBlanks();
      if (scan_.done() || scan_.Take('\n')) continue;
      TOCSIN_RETURN_IF_ERROR(scan_.Take('#') ? Comment() : Sample());
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Comment();
  absl::Status Sample();
  // Behind a value: perhaps a timestamp, and the end of the line.
  absl::Status Rest(ExposedSample& sample);
  bool TakeLineEnd() { return scan_.done() || scan_.Take('\n'); }

  ExpositionScan scan_;
  const TakeSample take_;
  std::vector<ExposedLabel> labels_;
};

// Only what begins with "# HELP " and "# TYPE " is looked at.
absl::Status TextReader::Comment() {
  const size_t begin = scan_.at();
  scan_.SkipBlanks();
  const absl::string_view keyword = scan_.at() == begin ? "" : scan_.TakeUntil(" \t\n");
  const bool is_type = keyword == "TYPE";
  if ((!is_type && keyword != "HELP") || scan_.IsAt('\n') || scan_.done()) {
    scan_.TakeUntil("\n");
    TakeLineEnd();
    return absl::OkStatus();
  }
  scan_.SkipBlanks();
  if (scan_.TakeMetricName().empty()) return scan_.Error("expected the name of a metric");
  const size_t text_at = scan_.at();
  const absl::string_view text = absl::StripAsciiWhitespace(scan_.TakeUntil("\n"));
  TakeLineEnd();
  if (is_type && !IsExposedType(ExpositionFormat::kText, text)) {
    return scan_.ErrorAt(text_at, "there is no such type of metrics");
  }
  if (!is_type && !ingest::IsUtf8(text)) return scan_.ErrorAt(text_at, "a HELP that is not UTF-8");
  return absl::OkStatus();
}

absl::Status TextReader::Sample() {
  ExposedSample sample;
  const size_t begin = scan_.at();
  sample.name = scan_.TakeMetricName();
  if (sample.name.empty()) return scan_.Error("expected the name of a metric");
  sample.series = sample.name;
  scan_.SkipBlanks();
  labels_.clear();
  if (scan_.Take('{')) {
    TOCSIN_RETURN_IF_ERROR(ScanLabels(scan_, LabelStyle::kText, labels_));
    sample.series = scan_.Since(begin);
  }
  sample.labels = labels_;
  scan_.SkipBlanks();
  const size_t value_at = scan_.at();
  const absl::string_view text = scan_.TakeUntil("{ \t\n");
  if (text.empty()) return scan_.Error("expected a value");
  const auto value = ParseExposedNumber(text);
  if (!value) return scan_.ErrorAt(value_at, "the value is not a number");
  sample.value = *value;
  TOCSIN_RETURN_IF_ERROR(Rest(sample));
  return take_(sample);
}

absl::Status TextReader::Rest(ExposedSample& sample) {
  scan_.SkipBlanks();
  if (TakeLineEnd()) return absl::OkStatus();
  const size_t at = scan_.at();
  int64_t time_ms = 0;
  // SimpleAtoi() knows a plus sign.
  if (scan_.IsAt('+') || !absl::SimpleAtoi(scan_.TakeUntil(" \t\n"), &time_ms)) {
    return scan_.ErrorAt(at, "expected a timestamp in milliseconds, or the end of the line");
  }
  sample.time_ms = time_ms;
  scan_.SkipBlanks();
  if (TakeLineEnd()) return absl::OkStatus();
  return scan_.Error("expected the end of the line behind the timestamp");
}

}  // namespace

absl::Status ReadTextExposition(absl::string_view text, TakeSample take) {
  return TextReader(text, take).Read();
}

}  // namespace tocsin::scrape
