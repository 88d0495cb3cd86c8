#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/alerts/rule_alerts.h"
#include "engine/alerts/templating.h"

namespace tocsin::engine {
namespace {

using rules::AlertPhase;

// True if a label's text can differ between two evaluations of the same row.
bool Varies(const rules::TemplatedText& text) {
  return absl::StrContains(text.text, "{{") &&
         (absl::StrContains(text.text, "alue") || absl::StrContains(text.text, "query") ||
          absl::StrContains(text.text, "now"));
}

// Identity is the final label set: the row's labels without the name, the rule's expanded labels,
// alertname.
class PrometheusAlerts final : public RuleAlerts {
 public:
  PrometheusAlerts(const rules::AlertRule& rule, std::string rule_id, size_t limit,
                   size_t alerts_max)
      : RuleAlerts(std::move(rule_id), rule.query.text, alerts_max),
        rule_(rule),
        limit_(limit),
        annotations_vary_(LooksFurther(rule.annotations)),
        labels_vary_(std::any_of(rule.labels.begin(), rule.labels.end(),
                                 [](const auto& label) { return Varies(label.second); })) {}

  const std::string& alert_name() const override { return rule_.name; }
  bool quotes_evidence() const override { return QuotesEvidence(rule_.annotations); }

  std::string ConditionText(const AlertInstance&) const override {
    std::string text = rule_.query.text;
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
    if (rule_.for_duration > absl::ZeroDuration()) {
      absl::StrAppend(&text, " for ", absl::FormatDuration(rule_.for_duration));
    }
    return text;
  }

  absl::StatusOr<std::vector<AlertChange>> Evaluate(const AlertEvaluation& evaluation) override {
    const QueryResult& result = *evaluation.result;
    FollowRows(result);
    ++evaluation_number_;
    left_out_ = 0;
    std::vector<AlertChange> changes;
    absl::Status status;
    result.frame->ForEach([&](size_t row) {
      if (status.ok()) status = StepRow(row, evaluation, changes);
    });
    if (status.ok()) {
      StepUnseen(evaluation, changes);
      status = CheckLimit();
    }
    if (status.ok()) return changes;
    for (auto it = changes.rbegin(); it != changes.rend(); ++it) Revert(*it);
    return status;
  }

  void Describe(AlertInstance& instance, const AlertEvaluation& evaluation) const override {
    const auto data = MakeTemplateData(evaluation, instance.result_labels, instance.state.value);
    instance.annotations = ExpandAnnotations(rule_.annotations, data, evaluation, instance);
  }

 private:
  absl::uint128 KeyOf(const AlertInstance& instance) const override {
    return instance.labels.Fingerprint();
  }
  Timestamp DeadlineOf(const rules::AlertState&) const override {
    return Timestamp::Max();  // groups are evaluated on their interval, never in between
  }
  rules::StepResult Step(const rules::AlertState& state, const rules::Observation& seen,
                         Timestamp now) const override {
    return rules::StepPrometheusAlert(state, seen, rule_.for_duration, rule_.keep_firing_for, now);
  }
  bool Forgettable(const rules::AlertState&) const override { return false; }

  // In Prometheus' words.
  absl::Status CheckLimit() const {
    if (limit_ == 0) return absl::OkStatus();
    size_t active = 0;
    ForEach([&](const AlertInstance& alert) { active += alert.state.phase != AlertPhase::kOk; });
    if (active <= limit_) return absl::OkStatus();
    return absl::ResourceExhaustedError(
        absl::StrCat("exceeded limit of ", limit_, " with ", active, " alerts"));
  }

  Labels FinalLabels(const Labels& row, const templates::TemplateData& data) const {
    LabelsBuilder labels(row);
    labels.Delete(kMetricName);
    ExpandInto(rule_.labels, data, labels);
    return labels.Set("alertname", rule_.name).Build();
  }

  absl::Status StepRow(size_t row, const AlertEvaluation& evaluation,
                       std::vector<AlertChange>& changes) {
    const double value = evaluation.result->frame->value(row);
    Slot* slot = labels_vary_ ? nullptr : row_cache_[row];
    bool added = false;
    if (slot == nullptr || slot->row != row) {
      const Labels row_labels = (*evaluation.result->labels)[row];
      if (slot == nullptr) slot = FindOrAdd(row, row_labels, evaluation, added);
      if (slot == nullptr) return absl::OkStatus();  // no room
      // Rows may take turns in making one alert.
      if (!(slot->result_labels == row_labels)) slot->described = false;
      slot->result_labels = row_labels;
      slot->row = row;
    }
    if (slot->seen == evaluation_number_) {
      return absl::InvalidArgumentError(
          "vector contains metrics with the same labelset after applying alert labels");
    }
    slot->seen = evaluation_number_;
    if (annotations_vary_) slot->described = false;
    rules::Observation seen;
    seen.present = true;
    seen.value = value;
    seen.newest_sample = evaluation.now;
    StepInstance(*slot, added, seen, evaluation, changes);
    return absl::OkStatus();
  }

  Slot* FindOrAdd(size_t row, const Labels& row_labels, const AlertEvaluation& evaluation,
                  bool& added) {
    const double value = evaluation.result->frame->value(row);
    Labels labels = FinalLabels(row_labels, MakeTemplateData(evaluation, row_labels, value));
    auto known = instances_.find(labels.Fingerprint());
    if (known == instances_.end()) {
      if (!TakeRoom()) return nullptr;
      auto fresh = std::make_unique<Slot>();
      fresh->query_hash = query_hash_;
      fresh->labels = std::move(labels);
      known = instances_.emplace(KeyOf(*fresh), std::move(fresh)).first;
      added = true;
    }
    if (!labels_vary_) Remember(row, known->second.get());
    return known->second.get();
  }

  const rules::AlertRule& rule_;
  const size_t limit_;           // of the group: pending and firing alerts; 0: none
  const bool annotations_vary_;  // also while row and value stay the same
  const bool labels_vary_;
};

}  // namespace

std::unique_ptr<RuleAlerts> MakePrometheusAlerts(const rules::AlertRule& rule, std::string rule_id,
                                                 size_t limit, size_t alerts_max) {
  return std::make_unique<PrometheusAlerts>(rule, std::move(rule_id), limit, alerts_max);
}

}  // namespace tocsin::engine
