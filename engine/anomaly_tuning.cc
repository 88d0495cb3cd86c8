#include "engine/anomaly_tuning.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "base/status_macros.h"
#include "engine/alerts/rule_alerts.h"
#include "engine/anomaly_models.h"
#include "rules/anomaly.h"

namespace tocsin::engine {
namespace {

using rules::AlertPhase;
using rules::Transition;

// As the monitor, with another sensitivity and without what only pages say.
rules::Monitor WithSensitivity(const rules::Monitor& monitor, double sensitivity) {
  rules::Monitor changed = monitor;
  changed.annotations.clear();
  auto anomaly = std::make_shared<rules::Anomaly>(*monitor.anomaly);
  anomaly->sensitivity = sensitivity;
  changed.anomaly = std::move(anomaly);
  return changed;
}

bool Learns(const AnomalyRow& row) {
  return row.verdict.state == anomaly::State::kLearning;
}

// The monitor at one sensitivity, and what became of it.
class Candidate {
 public:
  Candidate(const rules::Monitor& monitor, double sensitivity, const TuningOptions& options)
      : monitor_(WithSensitivity(monitor, sensitivity)),
        external_labels_(options.external_labels),
        models_(monitor_, options.rows_max),
        alerts_(MakeMonitorAlerts(monitor_, &models_, options.rows_max)) {
    outcome_.sensitivity = sensitivity;
  }

  void See(const RecordedEvaluation& seen);
  const AnomalyModels& models() const { return models_; }
  SensitivityOutcome TakeOutcome();

 private:
  void Follow(const AlertChange& change, Timestamp slot);
  size_t RowsInAlarm() const;

  const rules::Monitor monitor_;
  const Labels& external_labels_;
  AnomalyModels models_;
  const std::unique_ptr<RuleAlerts> alerts_;
  SensitivityOutcome outcome_;
  absl::flat_hash_map<absl::uint128, size_t> open_;  // pages, by their row
  absl::flat_hash_set<absl::uint128> paged_;         // rows
};

void Candidate::See(const RecordedEvaluation& seen) {
  models_.Judge(seen.result, seen.newest_inputs_ms, seen.slot);
  AlertEvaluation evaluation;
  evaluation.result = &seen.result;
  evaluation.newest_inputs_ms = &seen.newest_inputs_ms;
  evaluation.now = seen.slot;
  evaluation.external_labels = &external_labels_;
  const auto changes = alerts_->Evaluate(evaluation);
  if (!changes.ok()) return;  // nothing changed, as live
  for (const AlertChange& change : *changes) {
    Follow(change, seen.slot);
    alerts_->Settle(change);
  }
  if (!open_.empty()) {
    outcome_.alarm_time += static_cast<int64_t>(RowsInAlarm()) * models_.interval();
  }
}

void Candidate::Follow(const AlertChange& change, Timestamp slot) {
  const AlertInstance& alert = *change.instance;
  const absl::uint128 row = alert.result_labels.Fingerprint();
  switch (change.transition) {
    case Transition::kFired:
      open_[row] = outcome_.pages.size();
      paged_.insert(row);
      outcome_.pages.push_back(
          {alert.labels, slot, std::nullopt, alert.state.level, alerts_->ConditionText(alert)});
      break;
    case Transition::kRaised:
      if (const auto page = open_.find(row); page != open_.end()) {
        ReplayedPage& raised = outcome_.pages[page->second];
        if (alert.state.level <= raised.level) break;
        raised.level = alert.state.level;
        raised.reason = alerts_->ConditionText(alert);
      }
      break;
    case Transition::kResolved:
      if (const auto page = open_.extract(row)) outcome_.pages[page.mapped()].until = slot;
      break;
    default:
      break;
  }
}

// Those that were there in this evaluation and count as judged.
size_t Candidate::RowsInAlarm() const {
  size_t rows = 0;
  alerts_->ForEach([&](const AlertInstance& alert) {
    const AlertPhase phase = alert.state.phase;
    if (alert.absent || (phase != AlertPhase::kFiring && phase != AlertPhase::kNoData)) return;
    const AnomalyRow* row = models_.Find(alert.result_labels);
    if (row != nullptr && !Learns(*row)) ++rows;
  });
  return rows;
}

SensitivityOutcome Candidate::TakeOutcome() {
  outcome_.series_paged = paged_.size();
  return std::move(outcome_);
}

// What every sensitivity has in common.
void Count(const RecordedEvaluation& seen, const AnomalyModels& models, TuningReport& report) {
  int64_t rows = 0;
  int64_t judged = 0;
  seen.result.frame->ForEachFloat([&](size_t i) {
    const AnomalyRow* row = models.At(i);
    if (row == nullptr) return;
    ++rows;
    judged += Learns(*row) ? 0 : 1;
  });
  report.series_time += rows * models.interval();
  report.judged_time += judged * models.interval();
  report.left_out = std::max(report.left_out, models.left_out());
  ++report.evaluations;
}

}  // namespace

size_t SensitivityOutcome::PagesOf(rules::Level level) const {
  return static_cast<size_t>(
      std::count_if(pages.begin(), pages.end(),
                    [level](const ReplayedPage& page) { return page.level == level; }));
}

std::optional<double> TuningReport::PagesAWeekAndSeries(const SensitivityOutcome& outcome) const {
  if (judged_time <= absl::ZeroDuration()) return std::nullopt;
  return static_cast<double>(outcome.pages.size()) /
         absl::FDivDuration(judged_time, absl::Hours(7 * 24));
}

std::optional<double> TuningReport::AlarmShare(const SensitivityOutcome& outcome) const {
  if (judged_time <= absl::ZeroDuration()) return std::nullopt;
  return absl::FDivDuration(outcome.alarm_time, judged_time);
}

absl::StatusOr<TuningReport> TuneAnomaly(const rules::Monitor& monitor, const RecordedPast& past,
                                         const TuningOptions& options) {
  TuningReport report;
  TOCSIN_ASSIGN_OR_RETURN(const auto recorded, SpanOfRecorded(past.log));
  if (!recorded) return absl::NotFoundError("nothing is recorded");
  report.span = *recorded;
  std::vector<std::unique_ptr<Candidate>> candidates;
  for (const double sensitivity : options.sensitivities) {
    auto detector = DetectorOptionsOf(*monitor.anomaly);
    detector.sensitivity = sensitivity;
    TOCSIN_RETURN_IF_ERROR(anomaly::Detector::Validate(detector));
    candidates.push_back(std::make_unique<Candidate>(monitor, sensitivity, options));
  }
  if (candidates.empty()) return absl::InvalidArgumentError("no sensitivity was given");
  const auto visit = [&](const RecordedEvaluation& seen) {
    for (const auto& candidate : candidates) candidate->See(seen);
    Count(seen, candidates.front()->models(), report);
  };
  const std::vector<RecordedQuery> queries = {
      {monitor.query.expr.get(), monitor.anomaly->interval, visit}};
  TOCSIN_RETURN_IF_ERROR(ReplayRecorded(queries, past, report.span, report.span.newest));
  const AnomalyModels& models = candidates.front()->models();
  report.series = models.size();
  models.ForEach([&](const AnomalyRow& row) { report.series_judged += Learns(row) ? 0 : 1; });
  for (const auto& candidate : candidates) report.outcomes.push_back(candidate->TakeOutcome());
  return report;
}

}  // namespace tocsin::engine
