#include "absl/strings/str_cat.h"
#include "engine/alerts/rule_alerts.h"
#include "engine/alerts/templating.h"
#include "engine/anomaly_models.h"

namespace tocsin::engine {
namespace {

using rules::AlertPhase;

bool ConditionMet(const rules::Threshold& threshold, double value) {
  return (threshold.critical && threshold.critical->Holds(value)) ||
         (threshold.warning && threshold.warning->Holds(value));
}

// The identity of a monitor's alert is its result row; the monitor's own labels are only
// description. Of an anomaly monitor the models say which level a row is at, and that as a number
// is held against its threshold.
class MonitorAlerts final : public RuleAlerts {
 public:
  MonitorAlerts(const rules::Monitor& monitor, const AnomalyModels* models, size_t alerts_max)
      : RuleAlerts(MonitorId(monitor), monitor.query.text, alerts_max),
        monitor_(monitor),
        models_(models),
        texts_vary_(LooksFurther(monitor.annotations) || LooksFurther(monitor.labels)),
        remembers_rows_(monitor.no_data && (monitor.no_data->as == rules::NoData::As::kWarning ||
                                            monitor.no_data->as == rules::NoData::As::kCritical)) {}

  const std::string& alert_name() const override { return monitor_.name; }
  bool shadow() const override { return monitor_.shadow; }
  bool quotes_evidence() const override { return QuotesEvidence(monitor_.annotations); }
  const rules::PageOptions* page_options() const override { return &monitor_.page; }

  std::string ConditionText(const AlertInstance& instance) const override {
    const rules::AlertState& state = instance.state;
    if (state.phase == AlertPhase::kNoData && monitor_.no_data) {
      return absl::StrCat("no data for ", absl::FormatDuration(monitor_.no_data->after));
    }
    if (models_ != nullptr) {
      const AnomalyRow* row = models_->Find(instance.result_labels);
      return row == nullptr || row->reason.empty() ? "unlike what is expected" : row->reason;
    }
    const bool critical =
        state.level == rules::Level::kCritical ||
        (state.phase == AlertPhase::kPending && state.pending_level == rules::Level::kCritical) ||
        !monitor_.threshold.warning;
    const auto& condition = critical && monitor_.threshold.critical ? monitor_.threshold.critical
                                                                    : monitor_.threshold.warning;
    std::string text = condition ? condition->ToString() : std::string();
    if (monitor_.for_duration > absl::ZeroDuration()) {
      absl::StrAppend(&text, " for ", absl::FormatDuration(monitor_.for_duration));
    }
    return text;
  }

  absl::StatusOr<std::vector<AlertChange>> Evaluate(const AlertEvaluation& evaluation) override {
    const QueryResult& result = *evaluation.result;
    FindInstances(result);
    ++evaluation_number_;
    left_out_ = models_ == nullptr ? 0 : models_->left_out();
    std::vector<AlertChange> changes;
    // A native histogram has no value to hold against a threshold.
    result.frame->ForEachFloat([&](size_t row) { StepRow(row, evaluation, changes); });
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
    if (models_ == nullptr) return rules::StepThreshold(state, seen, monitor_, now);
    rules::Observation level = seen;
    level.value = judged_;
    rules::StepResult step = rules::StepThreshold(state, level, monitor_, now);
    step.state.value = seen.present ? seen.value : state.value;
    return step;
  }
  bool Forgettable(const rules::AlertState& state) const override {
    return state.phase == AlertPhase::kOk && !remembers_rows_;
  }

  // Those that new rows had before they went, or before a restart.
  void FindInstances(const QueryResult& result) {
    for (size_t row = FollowRows(result); row < row_cache_.size(); ++row) {
      auto it = instances_.find((*result.labels)[row].Fingerprint());
      if (it != instances_.end()) Remember(row, it->second.get());
    }
  }

  // A row that no sample stands behind, of vector() or absent(), is as new as its evaluation.
  static Timestamp NewestSample(size_t row, const AlertEvaluation& evaluation) {
    if (evaluation.newest_inputs_ms == nullptr) return evaluation.now;
    const int64_t newest_ms = (*evaluation.newest_inputs_ms)[row];
    return newest_ms == INT64_MIN ? evaluation.now : Timestamp::FromMillis(newest_ms);
  }

  void StepRow(size_t row, const AlertEvaluation& evaluation, std::vector<AlertChange>& changes) {
    const double value = evaluation.result->frame->value(row);
    judged_ = value;
    if (models_ != nullptr) {
      const AnomalyRow* known = models_->At(row);
      if (known == nullptr) return;  // it found no room
      judged_ = static_cast<double>(known->level);
    }
    Slot* slot = row_cache_[row];
    bool added = false;
    if (slot == nullptr) {
      if (!remembers_rows_ && !ConditionMet(monitor_.threshold, judged_)) return;
      if (!TakeRoom()) return;
      auto fresh = std::make_unique<Slot>();
      fresh->query_hash = query_hash_;
      fresh->result_labels = (*evaluation.result->labels)[row];
      slot = fresh.get();
      Remember(row, slot);
      instances_[KeyOf(*fresh)] = std::move(fresh);
      added = true;
    }
    slot->seen = evaluation_number_;
    if (texts_vary_) slot->described = false;
    rules::Observation seen;
    seen.present = true;
    seen.value = value;
    seen.newest_sample = NewestSample(row, evaluation);
    seen.hold = evaluation.hold;
    StepInstance(*slot, added, seen, evaluation, changes);
  }

  const rules::Monitor& monitor_;
  const AnomalyModels* const models_;  // null: a threshold monitor
  double judged_ = 0;                  // what the threshold sees of the row that is stepped
  const bool texts_vary_;              // also while the value stays the same
  const bool remembers_rows_;  // rows that are fine are kept too, so that their end is noticed
};

}  // namespace

std::unique_ptr<RuleAlerts> MakeMonitorAlerts(const rules::Monitor& monitor,
                                              const AnomalyModels* models, size_t alerts_max) {
  return std::make_unique<MonitorAlerts>(monitor, models, alerts_max);
}

}  // namespace tocsin::engine
