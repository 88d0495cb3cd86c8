#include "engine/anomaly_history.h"

#include <algorithm>

#include "base/status_macros.h"
#include "rules/rule.h"

namespace tocsin::engine {

absl::Status LearnFromRecorded(const std::vector<ModelsOfMonitor>& monitors,
                               const RecordedPast& past, Timestamp now) {
  TOCSIN_ASSIGN_OR_RETURN(const auto recorded, SpanOfRecorded(past.log));
  if (!recorded) return absl::OkStatus();
  Timestamp from = now;
  std::vector<RecordedQuery> queries;
  for (const ModelsOfMonitor& one : monitors) {
    from = std::min(from,
                    std::max(recorded->oldest, one.models->judged_to().value_or(recorded->oldest)));
    queries.push_back({one.monitor->query.expr.get(), one.models->interval(),
                       [models = one.models](const RecordedEvaluation& evaluation) {
                         models->Judge(evaluation.result, evaluation.newest_inputs_ms,
                                       evaluation.slot);
                       }});
  }
  return ReplayRecorded(queries, past, {from, now}, now);
}

}  // namespace tocsin::engine
