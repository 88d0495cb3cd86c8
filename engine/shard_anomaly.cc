// Anomaly monitors: their evaluations, what they learn and keep, and what people say of them.
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/anomaly_history.h"
#include "engine/shard.h"

namespace tocsin::engine {

// The past of monitors that `wanted` picks.
absl::Status Shard::Learn(ShardPlan& plan, Timestamp now,
                          const std::function<bool(const rules::Monitor&)>& wanted) const {
  std::vector<ModelsOfMonitor> monitors;
  for (const MonitorRuntime& monitor : plan.monitors) {
    if (monitor.rule->models == nullptr || !wanted(*monitor.monitor)) continue;
    monitors.push_back({monitor.monitor, monitor.rule->models.get()});
  }
  const RecordedPast past{deps_.log,
                          deps_.registry,
                          {absl::Milliseconds(options_.limits.past_ms_max),
                           absl::Milliseconds(options_.limits.future_ms_max)},
                          MakeQueryOptions(options_)};
  return LearnFromRecorded(monitors, past, now);
}

// As they were stored, and then what happened since, also while nobody was there.
absl::Status Shard::RecallModels(ShardPlan& plan, Resumed& resumed, Timestamp now) {
  for (const MonitorRuntime& monitor : plan.monitors) {
    if (monitor.rule->models == nullptr) continue;
    const auto records = resumed.models.extract(monitor.rule->id);
    if (records.empty()) continue;
    for (const state::v1::ModelRecord& record : records.mapped()) {
      TOCSIN_RETURN_IF_ERROR(monitor.rule->models->Restore(record));
    }
  }
  for (const auto& [rule_id, records] : resumed.models) {
    for (const state::v1::ModelRecord& record : records) {
      TOCSIN_ASSIGN_OR_RETURN(const Labels labels, Labels::FromCanonical(record.labels()));
      commit_.DropModel(rule_id, labels);
    }
  }
  return Learn(plan, now, [](const rules::Monitor&) { return true; });
}

// At its slots, so that a restart, and whoever looks at recorded samples later, sees the same
// points.
void Shard::EvaluateAnomaly(MonitorRuntime& monitor, Timestamp now) {
  const GroupSchedule::Due due = monitor.schedule->Take(now);
  deps_.metrics.missed.Increment(static_cast<double>(due.missed));
  const AlertCommit::Round round =
      MakeRound(due.slot, std::exchange(monitor.first_commit, Timestamp()));
  EvaluateAndTell(*monitor.rule, due.slot, round, nullptr);
  monitor.touched = false;
  monitor.evaluated_at = due.slot;
}

void Shard::CountModels(RuleRuntime& rule, size_t models) const {
  deps_.metrics.anomaly_models.Increment(static_cast<double>(models) -
                                         static_cast<double>(rule.models_counted));
  rule.models_counted = models;
}

absl::Status Shard::EvaluateModels(RuleRuntime& rule, const QueryResult& result,
                                   Timestamp query_time) {
  rule.models->Judge(result, plan_->queries->NewestInputs(rule.query), query_time);
  CountModels(rule, rule.models->size());
  rule.models->Store(
      [&](const Labels& labels, state::v1::ModelRecord record) {
        commit_.KeepModel(rule.id, labels, std::move(record));
      },
      [&](const Labels& labels) { commit_.DropModel(rule.id, labels); });
  absl::Status refused = rule.models->Write(rule.writer);
  refused.Update(EmitWritten(rule.writer.Finish()));
  return refused;
}

absl::StatusOr<std::string> Shard::TakeFeedback(const std::string& alias, Feedback feedback) {
  if (plan_ == nullptr) return absl::NotFoundError("no rules");
  for (MonitorRuntime& monitor : plan_->monitors) {
    RuleRuntime& rule = *monitor.rule;
    if (rule.models == nullptr) continue;
    std::optional<Labels> labels;
    rule.models->ForEach([&](const AnomalyRow& row) {
      if (labels) return;
      const std::string own = MakeAlias(rule.id, monitor.monitor->name, row.labels.Fingerprint(),
                                        options_.external_labels);
      if (own == alias) labels = row.labels;
    });
    if (!labels) continue;
    TOCSIN_ASSIGN_OR_RETURN(state::v1::ModelRecord record, rule.models->Take(feedback, *labels));
    commit_.KeepModel(rule.id, *labels, std::move(record));
    commit_owed_ = true;
    return monitor.monitor->name;
  }
  return absl::NotFoundError(
      absl::StrCat("no anomaly monitor pages under the alias \"", alias, "\""));
}

void Shard::DropModels(const std::string& rule_id, const AnomalyModels& models) {
  models.ForEach([&](const AnomalyRow& row) { commit_.DropModel(rule_id, row.labels); });
}

}  // namespace tocsin::engine
