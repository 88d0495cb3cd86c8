#include "absl/strings/str_cat.h"
#include "engine/alerts/rule_alerts.h"
#include "engine/alerts/templating.h"
#include "engine/anomaly_models.h"

namespace tocsin::engine {
namespace {

using rules::AlertPhase;

// The rows are those of the query, their value the query's; which level they are at the models say.
// What follows from that is the machine of threshold monitors, with the level as a number.
class AnomalyAlerts final : public RuleAlerts {
 public:
  AnomalyAlerts(const rules::Monitor& monitor, const AnomalyModels& models, size_t alerts_max)
      : RuleAlerts(MonitorId(monitor), monitor.query.text, alerts_max),
        monitor_(monitor),
        models_(models),
        texts_vary_(LooksFurther(monitor.annotations) || LooksFurther(monitor.labels)),
        remembers_rows_(monitor.no_data && (monitor.no_data->as == rules::NoData::As::kWarning ||
                                            monitor.no_data->as == rules::NoData::As::kCritical)) {}

  const std::string& alert_name() const override { return monitor_.name; }
  bool shadow() const override { return monitor_.shadow; }
  const rules::PageOptions* page_options() const override { return &monitor_.page; }

  std::string ConditionText(const AlertInstance& instance) const override {
    if (instance.state.phase == AlertPhase::kNoData && monitor_.no_data) {
      return absl::StrCat("no data for ", absl::FormatDuration(monitor_.no_data->after));
    }
    const AnomalyRow* row = models_.Find(instance.result_labels);
    return row == nullptr || row->reason.empty() ? "unlike what is expected" : row->reason;
  }

  absl::StatusOr<std::vector<AlertChange>> Evaluate(const AlertEvaluation& evaluation) override {
    const QueryResult& result = *evaluation.result;
    for (size_t row = FollowRows(result); row < row_cache_.size(); ++row) {
      const auto it = instances_.find((*result.labels)[row].Fingerprint());
      if (it != instances_.end()) Remember(row, it->second.get());
    }
    ++evaluation_number_;
    left_out_ = models_.left_out();
    std::vector<AlertChange> changes;
    result.frame->ForEachFloat([&](size_t row) {
      const AnomalyRow* known = models_.At(row);
      if (known != nullptr) StepRow(row, *known, evaluation, changes);
    });
    StepUnseen(evaluation, changes);
    return changes;
  }

  void Describe(AlertInstance& instance, const AlertEvaluation& evaluation) const override {
    DescribeMonitorAlert(monitor_, evaluation, instance);
  }

 private:
  absl::uint128 KeyOf(const AlertInstance& instance) const override {
    return instance.result_labels.Fingerprint();
  }
  Timestamp DeadlineOf(const rules::AlertState& state) const override {
    return rules::NextThresholdDeadline(state, monitor_);
  }
  rules::StepResult Step(const rules::AlertState& state, const rules::Observation& seen,
                         Timestamp now) const override {
    rules::Observation level = seen;
    level.value = static_cast<double>(level_);
    rules::StepResult step = rules::StepThreshold(state, level, monitor_, now);
    step.state.value = seen.present ? seen.value : state.value;
    return step;
  }
  bool Forgettable(const rules::AlertState& state) const override {
    return state.phase == AlertPhase::kOk && !remembers_rows_;
  }

  void StepRow(size_t row, const AnomalyRow& known, const AlertEvaluation& evaluation,
               std::vector<AlertChange>& changes) {
    Slot* slot = row_cache_[row];
    const bool added = slot == nullptr;
    if (added) {
      if ((!remembers_rows_ && known.level == rules::Level::kOk) || !TakeRoom()) return;
      auto fresh = std::make_unique<Slot>();
      fresh->query_hash = query_hash_;
      fresh->result_labels = (*evaluation.result->labels)[row];
      slot = fresh.get();
      Remember(row, slot);
      instances_[KeyOf(*fresh)] = std::move(fresh);
    }
    slot->seen = evaluation_number_;
    if (texts_vary_) slot->described = false;
    rules::Observation seen;
    seen.present = true;
    seen.value = evaluation.result->frame->value(row);
    const int64_t newest_ms = (*evaluation.newest_inputs_ms)[row];
    seen.newest_sample = newest_ms == INT64_MIN ? evaluation.now : Timestamp::FromMillis(newest_ms);
    seen.hold = evaluation.hold;
    level_ = known.level;
    StepInstance(*slot, added, seen, evaluation, changes);
  }

  const rules::Monitor& monitor_;
  const AnomalyModels& models_;
  const bool texts_vary_;      // also while the value stays the same
  const bool remembers_rows_;  // rows that are fine are kept too, so that their end is noticed
  rules::Level level_ = rules::Level::kOk;  // of the row that is stepped
};

}  // namespace

std::unique_ptr<RuleAlerts> MakeAnomalyAlerts(const rules::Monitor& monitor,
                                              const AnomalyModels& models, size_t alerts_max) {
  return std::make_unique<AnomalyAlerts>(monitor, models, alerts_max);
}

}  // namespace tocsin::engine
