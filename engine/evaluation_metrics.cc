#include "engine/evaluation_metrics.h"

namespace tocsin::engine {
namespace {

prometheus::Gauge& Alerts(Metrics& metrics, const char* state) {
  return metrics.Gauge("tocsin_alerts", "Alerts by state; rules of Prometheus fire as critical.",
                       {{"state", state}});
}

prometheus::Counter& Settled(Metrics& metrics, const char* how) {
  return metrics.Counter(
      "tocsin_window_samples_settled_total",
      "Samples that did not simply extend a window: put into their place (late), "
      "ignored (duplicate) or beyond every window (too_old).",
      {{"how", how}});
}

}  // namespace

EvaluationMetrics::EvaluationMetrics(Metrics& metrics)
    : duration_seconds(metrics.Histogram(
          "tocsin_evaluation_duration_seconds", "Time one round of due evaluations took.",
          {0.00001, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5})),
      lag_seconds(metrics.Gauge("tocsin_evaluation_lag_seconds",
                                "How long what is due has waited for its evaluation, the longest "
                                "of all shards.")),
      missed(metrics.Counter("tocsin_evaluations_missed_total",
                             "Group evaluations skipped because the service was late.")),
      rested(metrics.Counter("tocsin_evaluations_rested_total",
                             "Evaluations of monitors that took so long that they rest before they "
                             "look at further data.")),
      evaluations(metrics.Counter("tocsin_rule_evaluations_total", "Evaluations of single rules.")),
      failures(metrics.Counter("tocsin_rule_evaluation_failures_total",
                               "Evaluations of single rules that failed.")),
      transitions(metrics.Counter("tocsin_alert_transitions_total",
                                  "Committed changes of an alert's state.")),
      pages_deferred(
          metrics.Counter("tocsin_pages_deferred_total",
                          "Transitions put off to the next evaluation because the outbox "
                          "was full.")),
      commit_failures(metrics.Counter("tocsin_state_commit_failures_total",
                                      "Writes of alert state that failed and are repeated.")),
      clock_steps(metrics.Counter("tocsin_clock_steps_total",
                                  "Times the wall clock was set by 5 s or more.")),
      alerts_left_out(metrics.Counter("tocsin_alerts_left_out_total",
                                      "Rows that found no room among a rule's alerts "
                                      "(alerts_per_rule_max), per evaluation.")),
      anomaly_models(metrics.Gauge("tocsin_anomaly_models",
                                   "Rows of anomaly monitors of which something is learned.")),
      late_samples(Settled(metrics, "late")),
      duplicate_samples(Settled(metrics, "duplicate")),
      too_old_samples(Settled(metrics, "too_old")),
      alerts_pending(Alerts(metrics, "pending")),
      alerts_warning(Alerts(metrics, "warning")),
      alerts_critical(Alerts(metrics, "critical")),
      alerts_no_data(Alerts(metrics, "no_data")) {}

prometheus::Gauge* EvaluationMetrics::AlertsGauge(const rules::AlertState& state) const {
  switch (state.phase) {
    case rules::AlertPhase::kOk:
      return nullptr;
    case rules::AlertPhase::kPending:
      return &alerts_pending;
    case rules::AlertPhase::kNoData:
      return &alerts_no_data;
    case rules::AlertPhase::kFiring:
      return state.level == rules::Level::kWarning ? &alerts_warning : &alerts_critical;
  }
  return nullptr;
}

}  // namespace tocsin::engine
