#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "integrations/ingest/utf8.h"
#include "integrations/scrape/exposition_scan.h"

// OpenMetrics: exactly one space between two parts of a line, none anywhere else.
namespace tocsin::scrape {
namespace {

// Seconds as a double holds them, in milliseconds, far enough for any date.
constexpr double kSecondsMax = 9e15;
constexpr absl::string_view kExemplar = " # {";

class OpenMetricsReader {
 public:
  OpenMetricsReader(absl::string_view text, TakeSample take) : scan_(text), take_(take) {}

  absl::Status Read() {
    while (true) {
      if (scan_.Take("# EOF")) {
        scan_.Take('\n');
        return scan_.done() ? absl::OkStatus() : scan_.Error("there is more behind # EOF");
      }
      if (scan_.done()) return NoEnd();
      TOCSIN_RETURN_IF_ERROR(scan_.Take("# ") ? Metadata() : Sample());
    }
  }

 private:
  absl::Status Metadata();
  absl::Status Sample();
  absl::Status Exemplar();
  absl::StatusOr<double> Value();
  // " SECONDS", if there is one.
  absl::StatusOr<std::optional<int64_t>> Time();
  absl::Status LineEnd(absl::string_view expected) {
    if (scan_.Take('\n')) return absl::OkStatus();
    return scan_.done() ? NoEnd() : scan_.Error(expected);
  }
  absl::Status NoEnd() const { return scan_.Error("the text does not end with # EOF"); }

  ExpositionScan scan_;
  const TakeSample take_;
  std::vector<ExposedLabel> labels_, exemplar_labels_;
};

absl::Status OpenMetricsReader::Metadata() {
  const bool type = scan_.Take("TYPE ");
  const bool unit = !type && scan_.Take("UNIT ");
  if (!type && !unit && !scan_.Take("HELP ")) {
    return scan_.Error("expected HELP, TYPE, UNIT or EOF");
  }
  const absl::string_view name = scan_.TakeMetricName();
  if (name.empty()) return scan_.Error("expected the name of a metric");
  if (!scan_.Take(' ')) return scan_.Error("expected a space and a text");
  const size_t at = scan_.at();
  const absl::string_view text = scan_.TakeUntil("\n");
  if (type && !IsExposedType(ExpositionFormat::kOpenMetrics, text)) {
    return scan_.ErrorAt(at, "there is no such type of metrics");
  }
  if (unit && !text.empty() && !absl::EndsWith(name, absl::StrCat("_", text))) {
    return scan_.ErrorAt(at, "the unit is not at the end of the metric's name");
  }
  if (!ingest::IsUtf8(text)) return scan_.ErrorAt(at, "a text that is not UTF-8");
  return LineEnd("");  // nothing but the end of the text can be there
}

absl::StatusOr<double> OpenMetricsReader::Value() {
  if (!scan_.Take(' ')) return scan_.Error("expected a space and a value");
  const size_t at = scan_.at();
  const auto value = ParseExposedNumber(scan_.TakeUntil(" \n"));
  if (!value) return scan_.ErrorAt(at, "the value is not a number");
  return *value;
}

absl::StatusOr<std::optional<int64_t>> OpenMetricsReader::Time() {
  if (!scan_.Take(' ')) return std::nullopt;
  const size_t at = scan_.at();
  const auto seconds = ParseExposedNumber(scan_.TakeUntil(" \n"));
  if (!seconds || !(std::abs(*seconds) < kSecondsMax)) {
    return scan_.ErrorAt(at, "expected a timestamp in seconds");
  }
  return std::llround(*seconds * 1000);
}

absl::Status OpenMetricsReader::Exemplar() {
  TOCSIN_RETURN_IF_ERROR(ScanLabels(scan_, LabelStyle::kOpenMetrics, exemplar_labels_));
  TOCSIN_RETURN_IF_ERROR(Value().status());
  return Time().status();
}

absl::Status OpenMetricsReader::Sample() {
  ExposedSample sample;
  const size_t begin = scan_.at();
  sample.name = scan_.TakeMetricName();
  if (sample.name.empty()) return scan_.Error("expected the name of a metric or # and a space");
  labels_.clear();
  if (scan_.Take('{')) {
    TOCSIN_RETURN_IF_ERROR(ScanLabels(scan_, LabelStyle::kOpenMetrics, labels_));
  }
  sample.series = scan_.Since(begin);
  sample.labels = labels_;
  TOCSIN_ASSIGN_OR_RETURN(sample.value, Value());
  bool exemplar = scan_.Take(kExemplar);
  if (!exemplar) {
    TOCSIN_ASSIGN_OR_RETURN(sample.time_ms, Time());
    exemplar = scan_.Take(kExemplar);
  }
  if (exemplar) TOCSIN_RETURN_IF_ERROR(Exemplar());
  TOCSIN_RETURN_IF_ERROR(LineEnd("expected the end of the line"));
  return take_(sample);
}

}  // namespace

absl::Status ReadOpenMetrics(absl::string_view text, TakeSample take) {
  return OpenMetricsReader(text, take).Read();
}

}  // namespace tocsin::scrape
