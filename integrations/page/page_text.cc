#include "integrations/page/page_text.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/timestamp.h"

namespace tocsin::page {
namespace {

std::string DefaultSummary(const DesiredPage& page, const Labels& labels) {
  const std::string name =
      labels.Has("alertname") ? std::string(labels.Get("alertname")) : page.rule();
  const Labels rest = LabelsBuilder(labels).Drop({"alertname", "severity"}).Build();
  const std::string summary = rest.empty() ? name : absl::StrCat(name, " ", rest.ToString());
  return Stripped(summary).empty() ? page.alias() : summary;
}

}  // namespace

std::string Expanded(const std::string& text, const DesiredPage& page, const Expander& expander) {
  return text.empty() ? "" : Stripped(expander(text, page));
}

std::string Stripped(const std::string& text) {
  return std::string(absl::StripAsciiWhitespace(text));
}

std::string Annotation(const DesiredPage& page, const char* name) {
  const auto it = page.annotations().find(name);
  return it == page.annotations().end() ? "" : Stripped(it->second);
}

Labels LabelsOf(const DesiredPage& page) {
  auto labels = Labels::FromCanonical(page.labels());
  return labels.ok() ? *std::move(labels) : Labels();
}

std::string ValueText(double value) {
  return absl::StrFormat("%.10g", value);
}

bool IsNoData(const DesiredPage& page) {
  return page.reason() == "no_data";  // rules::ReasonName
}

std::string Explanation(const DesiredPage& page) {
  const char* value = IsNoData(page) ? "Last value " : "Value ";
  std::string text = absl::StrCat(value, ValueText(page.value()));
  if (!page.condition().empty()) absl::StrAppend(&text, ", condition ", page.condition());
  if (page.since_ms() != 0) {
    absl::StrAppend(&text, ", since ", FormatTimestamp(Timestamp::FromMillis(page.since_ms())));
  }
  absl::StrAppend(&text, ".");
  if (!page.rule().empty()) absl::StrAppend(&text, "\nRule ", page.rule());
  if (!page.rule().empty() && !page.rule_revision().empty()) {
    absl::StrAppend(&text, ", revision ", page.rule_revision());
  }
  return text;
}

std::string Summary(const DesiredPage& page) {
  std::string summary = Annotation(page, "summary");
  if (summary.empty()) summary = DefaultSummary(page, LabelsOf(page));
  return IsNoData(page) ? absl::StrCat("No data: ", summary) : summary;
}

}  // namespace tocsin::page
