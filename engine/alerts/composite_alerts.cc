#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"
#include "engine/alerts/composite_verdicts.h"
#include "engine/alerts/rule_alerts.h"
#include "engine/alerts/templating.h"
#include "rules/composite.h"

namespace tocsin::engine {
namespace {

using rules::AlertPhase;

// The rows are the verdicts of the expression, their value the level as a number; what follows from
// it is the machine of threshold monitors. An unknown verdict is a row that is held.
class CompositeAlerts final : public RuleAlerts {
 public:
  CompositeAlerts(const rules::Monitor& monitor, size_t alerts_max)
      : RuleAlerts(MonitorId(monitor), monitor.composite->text, alerts_max),
        monitor_(monitor),
        texts_vary_(LooksFurther(monitor.annotations) || LooksFurther(monitor.labels)) {}

  const std::string& alert_name() const override { return monitor_.name; }
  bool shadow() const override { return monitor_.shadow; }
  bool quotes_evidence() const override { return QuotesEvidence(monitor_.annotations); }
  const rules::PageOptions* page_options() const override { return &monitor_.page; }

  std::string ConditionText(const AlertInstance&) const override {
    std::string text = monitor_.composite->text;
    if (monitor_.for_duration > absl::ZeroDuration()) {
      absl::StrAppend(&text, " for ", absl::FormatDuration(monitor_.for_duration));
    }
    return text;
  }

  absl::StatusOr<std::vector<AlertChange>> Evaluate(const AlertEvaluation& evaluation) override {
    TOCSIN_CHECK(evaluation.members != nullptr) << monitor_.name << " has no members";
    std::vector<Labels> known;
    for (const auto& [key, slot] : instances_) known.push_back(slot->result_labels);
    TOCSIN_ASSIGN_OR_RETURN(
        const std::vector<CompositeVerdict> verdicts,
        JudgeComposite(*monitor_.composite, *evaluation.members, known, alerts_max_));
    ++evaluation_number_;
    left_out_ = 0;
    std::vector<AlertChange> changes;
    for (const CompositeVerdict& verdict : verdicts) Follow(verdict, evaluation, changes);
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
    return rules::StepThreshold(state, seen, monitor_, now);
  }
  bool Forgettable(const rules::AlertState& state) const override {
    return state.phase == AlertPhase::kOk;
  }

  void Follow(const CompositeVerdict& verdict, const AlertEvaluation& evaluation,
              std::vector<AlertChange>& changes) {
    const auto found = instances_.find(verdict.labels.Fingerprint());
    const bool added = found == instances_.end();
    if (added && (verdict.truth != Truth::kTrue || !TakeRoom())) return;
    Slot& slot = added ? AddSlot(verdict.labels) : *found->second;
    slot.seen = evaluation_number_;
    if (texts_vary_) slot.described = false;
    StepInstance(slot, added, Observe(verdict, slot.state, evaluation), evaluation, changes);
  }

  Slot& AddSlot(const Labels& labels) {
    auto fresh = std::make_unique<Slot>();
    fresh->query_hash = query_hash_;
    fresh->result_labels = labels;
    Slot& slot = *fresh;
    instances_[KeyOf(slot)] = std::move(fresh);
    return slot;
  }

  static rules::Observation Observe(const CompositeVerdict& verdict, const rules::AlertState& state,
                                    const AlertEvaluation& evaluation) {
    rules::Observation seen;
    seen.newest_sample = evaluation.now;
    if (verdict.truth == Truth::kUnknown) {
      seen.hold = true;
      return seen;
    }
    seen.present = true;
    seen.hold = evaluation.hold;
    rules::Level level = verdict.truth == Truth::kTrue ? verdict.level : rules::Level::kOk;
    // Who made it this bad may be the one nothing is known of.
    if (verdict.partly_unknown && verdict.truth == Truth::kTrue &&
        state.phase == AlertPhase::kFiring) {
      level = std::max(level, state.level);
    }
    seen.value = static_cast<double>(level);
    return seen;
  }

  const rules::Monitor& monitor_;
  const bool texts_vary_;  // also while the value stays the same
};

}  // namespace

std::unique_ptr<RuleAlerts> MakeCompositeAlerts(const rules::Monitor& monitor, size_t alerts_max) {
  return std::make_unique<CompositeAlerts>(monitor, alerts_max);
}

}  // namespace tocsin::engine
