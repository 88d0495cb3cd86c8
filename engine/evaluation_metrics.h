#pragma once

#include <array>

#include "base/metrics.h"
#include "rules/alert_step.h"

namespace tocsin::engine {

// Handles of what evaluation counts; one set for all shards.
struct EvaluationMetrics {
  explicit EvaluationMetrics(Metrics& metrics);

  // The `tocsin_alerts` gauge an alert in this state counts into; null for ok.
  prometheus::Gauge* AlertsGauge(const rules::AlertState& state) const;

  prometheus::Histogram& duration_seconds;
  prometheus::Gauge& lag_seconds;
  prometheus::Counter& missed;
  prometheus::Counter& rested;
  prometheus::Counter& evaluations;
  prometheus::Counter& failures;
  prometheus::Counter& transitions;
  prometheus::Counter& pages_deferred;
  prometheus::Counter& commit_failures;
  prometheus::Counter& clock_steps;
  prometheus::Counter& alerts_left_out;
  prometheus::Gauge& anomaly_models;
  prometheus::Counter& late_samples;
  prometheus::Counter& duplicate_samples;
  prometheus::Counter& too_old_samples;
  prometheus::Gauge& alerts_pending;
  prometheus::Gauge& alerts_warning;
  prometheus::Gauge& alerts_critical;
  prometheus::Gauge& alerts_no_data;
};

}  // namespace tocsin::engine
