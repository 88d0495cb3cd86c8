// Composite monitors read the alerts of other rules of their shard, after these were evaluated.
#include <utility>

#include "engine/shard.h"

namespace tocsin::engine {
namespace {

// Rules of Prometheus have no levels; by convention the label severity says how bad they are.
rules::Level LevelOf(const RuleRuntime& rule, const AlertInstance& alert) {
  if (rule.id.rfind("monitor/", 0) == 0) return alert.state.level;
  return alert.labels.Get("severity") == "warning" ? rules::Level::kWarning
                                                   : rules::Level::kCritical;
}

void AddRows(const RuleRuntime& rule, MemberTable& table) {
  rule.alerts->ForEach([&](const AlertInstance& alert) {
    const bool no_data = alert.state.phase == rules::AlertPhase::kNoData;
    if (!no_data && alert.state.phase != rules::AlertPhase::kFiring) return;
    table.rows.push_back({LabelsBuilder(alert.result_labels).Delete(kMetricName).Build(),
                          LevelOf(rule, alert), no_data});
  });
}

// The rules of one name count as one member.
MemberTable TableOf(const std::vector<const RuleRuntime*>& rules_of_name) {
  MemberTable table{.known = true, .rows = {}};
  for (const RuleRuntime* rule : rules_of_name) {
    table.known = table.known && rule->known();
    AddRows(*rule, table);
  }
  return table;
}

}  // namespace

absl::Status Shard::EvaluateComposite(RuleRuntime& rule, const AlertCommit::Round& round) {
  std::vector<MemberTable> members;
  for (const auto& rules_of_name : rule.members) members.push_back(TableOf(rules_of_name));
  AlertEvaluation evaluation = MakeAlertEvaluation(rule, round.now, round.now);
  evaluation.members = &members;
  return EvaluateAlerts(rule, evaluation, round.now, round, /*monitor=*/true);
}

void Shard::EvaluateAndTell(RuleRuntime& rule, Timestamp query_time,
                            const AlertCommit::Round& round, const rules::Group* group) {
  const bool was_known = rule.known();
  rule.changed = false;
  const absl::Status status = EvaluateRule(rule, query_time, round, group);
  rule.health.error = std::string(status.message());
  if (!rule.changed && rule.known() == was_known) return;
  for (const uint32_t number : rule.read_by) {
    MonitorRuntime& reader = plan_->monitors[number];
    reader.touched = true;
    if (reader.first_commit == Timestamp()) reader.first_commit = round.cause_committed;
  }
}

}  // namespace tocsin::engine
