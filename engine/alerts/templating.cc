#include "engine/alerts/templating.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

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

bool QuotesEvidence(const rules::TemplatedMap& templates) {
  return std::any_of(templates.begin(), templates.end(),
                     [](const auto& entry) { return entry.second.compiled->LooksAtEvidence(); });
}

std::map<std::string, std::string> ExpandAnnotations(const rules::TemplatedMap& annotations,
                                                     templates::TemplateData data,
                                                     const AlertEvaluation& evaluation,
                                                     const AlertInstance& instance) {
  const bool quoted = evaluation.evidence && QuotesEvidence(annotations);
  const templates::Evidence evidence =
      quoted ? evaluation.evidence(instance) : templates::Evidence();
  data.evidence = &evidence;
  std::map<std::string, std::string> expanded;
  for (const auto& [name, text] : annotations) {
    expanded[name] = templates::ExpandOrError(*text.compiled, data);
  }
  return expanded;
}

void DescribeMonitorAlert(const rules::Monitor& monitor, const AlertEvaluation& evaluation,
                          AlertInstance& instance) {
  const auto data = MakeTemplateData(evaluation, instance.result_labels, instance.state.value);
  LabelsBuilder labels(instance.result_labels);
  labels.Delete(kMetricName);
  // The monitor's own; a row's keep a place beside them, so that alerts stay distinguishable.
  for (const char* own : {"alertname", "severity"}) {
    const absl::string_view of_row = instance.result_labels.Get(own);
    if (of_row.empty()) continue;
    labels.Set(absl::StrCat("exported_", own), of_row).Delete(own);
  }
  ExpandInto(monitor.labels, data, labels);
  instance.labels = labels.Set("alertname", monitor.name).Build();
  instance.annotations = ExpandAnnotations(monitor.annotations, data, evaluation, instance);
}

}  // namespace tocsin::engine
