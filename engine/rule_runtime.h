#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/timestamp.h"
#include "engine/alerts/rule_alerts.h"
#include "engine/anomaly_models.h"
#include "engine/group_schedule.h"
#include "engine/query/query_engine.h"
#include "engine/recorded_rows.h"
#include "engine/series_writer.h"
#include "rules/rule.h"

namespace tocsin::engine {

// How the last evaluation of a rule went.
struct RuleHealth {
  std::string error;       // empty: fine
  Timestamp evaluated_at;  // evaluation time of the last one; epoch: none yet
  absl::Duration took;
  std::vector<std::string> warnings;
};

// A rule as it runs: its query in the shard's engine and what it produces. Exactly one of `alerts`
// and `record` is set. A composite monitor has members instead of a query.
struct RuleRuntime {
  explicit RuleRuntime(SampleSink& sink) : writer(sink) {}

  // Identity over reloads: of the alerts, or of the recorded series.
  std::string id;
  QueryId query = 0;
  // Queries of the rule's templates, by their text.
  std::vector<std::pair<std::string, QueryId>> template_queries;
  std::unique_ptr<AnomalyModels> models;  // of an anomaly monitor
  size_t models_counted = 0;              // in tocsin_anomaly_models
  std::unique_ptr<RuleAlerts> alerts;
  const rules::RecordRule* record = nullptr;
  RecordedRows recorded;  // of the record
  SeriesWriter writer;    // of the record, of ALERTS and ALERTS_FOR_STATE, or of what is expected
  RuleHealth health;
  bool deferred = false;  // the outbox was full: the last evaluation is to be repeated
  bool changed = false;   // alerts changed in the last evaluation
  // Of a composite monitor: the rules of each member's name. Of the same shard.
  std::vector<std::vector<const RuleRuntime*>> members;
  std::vector<uint32_t> read_by;  // composite monitors, by their number in the plan

  // Whether its alerts are what the present data makes them.
  bool known() const { return health.evaluated_at != Timestamp() && health.error.empty(); }
};

struct GroupRuntime {
  const rules::Group* group = nullptr;
  GroupSchedule schedule;
  std::vector<std::unique_ptr<RuleRuntime>> rules;
  RuleHealth health;  // of the whole group; error unused
  // When the first sample since its last evaluation was committed; epoch: none came.
  Timestamp first_commit;
};

struct MonitorRuntime {
  const rules::Monitor* monitor = nullptr;
  std::unique_ptr<RuleRuntime> rule;
  // Data it selects came, or members changed, since the last evaluation.
  bool touched = true;
  std::optional<GroupSchedule> schedule;  // of an anomaly monitor, which is not evaluated for data
  Timestamp first_commit;                 // when the first of it was committed
  Timestamp due_by_time;                  // when time alone can change the answer
  Timestamp evaluated_at;
};

// The series that a record rule makes of a row, and that Prometheus rules write of an alert.
Labels RecordedSeries(const rules::RecordRule& record, const Labels& row);
Labels AlertsSeries(const AlertInstance& alert);
Labels AlertsForStateSeries(const AlertInstance& alert);

// The identity of a group's rule; `duplicate`: how many equal ones came before it in the group.
std::string RuleId(const rules::Group& group, const rules::GroupRule& rule, size_t duplicate);

}  // namespace tocsin::engine
