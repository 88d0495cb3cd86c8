#include "engine/alerts/templating.h"

#include <algorithm>

#include "absl/strings/match.h"

namespace tocsin::engine {

templates::TemplateData MakeTemplateData(const AlertEvaluation& evaluation, const Labels& row,
                                         double value) {
  templates::TemplateData data;
  data.labels = &row;
  data.external_labels = evaluation.external_labels;
  data.external_url = std::string(evaluation.external_url);
  data.value = value;
  data.now = evaluation.now;
  data.query = evaluation.query;
  return data;
}

bool LooksFurther(const rules::TemplatedMap& templates) {
  return std::any_of(templates.begin(), templates.end(), [](const auto& entry) {
    const std::string& text = entry.second.text;
    return absl::StrContains(text, "{{") &&
           (absl::StrContains(text, "query") || absl::StrContains(text, "now"));
  });
}

void ExpandInto(const rules::TemplatedMap& templates, const templates::TemplateData& data,
                LabelsBuilder& labels) {
  for (const auto& [name, text] : templates) {
    labels.Set(name, templates::ExpandOrError(*text.compiled, data));
  }
}

std::map<std::string, std::string> Expand(const rules::TemplatedMap& templates,
                                          const templates::TemplateData& data) {
  std::map<std::string, std::string> expanded;
  for (const auto& [name, text] : templates) {
    expanded[name] = templates::ExpandOrError(*text.compiled, data);
  }
  return expanded;
}

}  // namespace tocsin::engine
