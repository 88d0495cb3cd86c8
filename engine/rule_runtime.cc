#include "engine/rule_runtime.h"

#include "absl/strings/str_cat.h"

namespace tocsin::engine {

Labels RecordedSeries(const rules::RecordRule& record, const Labels& row) {
  LabelsBuilder labels(row);
  labels.Set(kMetricName, record.name);
  for (const auto& [name, value] : record.labels) labels.Set(name, value);
  return labels.Build();
}

Labels AlertsSeries(const AlertInstance& alert) {
  const bool pending = alert.state.phase == rules::AlertPhase::kPending;
  LabelsBuilder labels(alert.labels);
  labels.Set(kMetricName, "ALERTS").Set("alertstate", pending ? "pending" : "firing");
  return labels.Build();
}

Labels AlertsForStateSeries(const AlertInstance& alert) {
  LabelsBuilder labels(alert.labels);
  labels.Set(kMetricName, "ALERTS_FOR_STATE");
  return labels.Build();
}

std::string RuleId(const rules::Group& group, const rules::GroupRule& rule, size_t duplicate) {
  if (const auto* alert = std::get_if<rules::AlertRule>(&rule)) {
    return AlertRuleId(group, *alert, duplicate);
  }
  const auto& record = std::get<rules::RecordRule>(rule);
  std::string id = absl::StrCat("record/", group.file, ";", group.name, ";", record.name, ";");
  for (const auto& [name, value] : record.labels) absl::StrAppend(&id, name, "=", value, ";");
  return absl::StrCat(id, duplicate);
}

}  // namespace tocsin::engine
