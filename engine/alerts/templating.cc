#include "engine/alerts/templating.h"

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
