#include "app/page_templates.h"

#include "absl/strings/match.h"
#include "base/labels.h"
#include "base/timestamp.h"
#include "rules/templates/template.h"

namespace tocsin::app {

std::string ExpandReceiverTemplate(const std::string& text, const state::v1::DesiredPage& page) {
  if (!absl::StrContains(text, "{{")) return text;
  const auto compiled = templates::Template::Parse(text);
  const auto labels = Labels::FromCanonical(page.labels());
  if (!compiled.ok() || !labels.ok()) return {};
  templates::TemplateData data;
  data.labels = &*labels;
  data.value = page.value();
  data.now = Timestamp::FromMillis(page.changed_ms());
  return (*compiled)->Expand(data).value_or("");
}

}  // namespace tocsin::app
