#include "integrations/scrape/exposition.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "base/check.h"
#include "base/labels.h"
#include "integrations/scrape/exposition_scan.h"

namespace tocsin::scrape {

ExpositionFormat FormatOf(absl::string_view content_type) {
  const absl::string_view type =
      absl::StripAsciiWhitespace(content_type.substr(0, content_type.find(';')));
  return absl::EqualsIgnoreCase(type, "application/openmetrics-text")
             ? ExpositionFormat::kOpenMetrics
             : ExpositionFormat::kText;
}

absl::Status ReadExposition(ExpositionFormat format, absl::string_view text, TakeSample take) {
  return format == ExpositionFormat::kText ? ReadTextExposition(text, take)
                                           : ReadOpenMetrics(text, take);
}

std::string Unescaped(absl::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const char next = text[i] == '\\' && i + 1 < text.size() ? text[i + 1] : '\0';
    if (next == '\\' || next == '"' || next == 'n') {
      out += next == 'n' ? '\n' : next;
      ++i;
    } else {
      out += text[i];  // what is no escape stays as it is
    }
  }
  return out;
}

std::vector<std::pair<absl::string_view, std::string>> LabelsOfSeries(absl::string_view series) {
  ExpositionScan scan(series);
  std::vector<std::pair<absl::string_view, std::string>> all;
  all.emplace_back(kMetricName, scan.TakeMetricName());
  scan.SkipBlanks();
  if (!scan.Take('{')) return all;
  std::vector<ExposedLabel> labels;
  TOCSIN_CHECK(ScanLabels(scan, LabelStyle::kText, labels).ok()) << "this text was read before";
  for (const ExposedLabel& label : labels) all.emplace_back(label.name, Unescaped(label.value));
  return all;
}

}  // namespace tocsin::scrape
