#include "engine/anomaly_history.h"

#include <algorithm>
#include <optional>

#include "base/status_macros.h"
#include "rules/rule.h"

namespace tocsin::engine {

absl::Status LearnFromRecorded(const std::vector<ModelsOfMonitor>& monitors,
                               const RecordedPast& past, Timestamp now) {
  std::optional<Timestamp> first;
  TOCSIN_ASSIGN_OR_RETURN(first, FirstRecorded(past.log));
  if (!first) return absl::OkStatus();
  Timestamp from = now;
  std::vector<RecordedQuery> queries;
  for (const ModelsOfMonitor& one : monitors) {
    from = std::min(from, std::max(*first, one.models->judged_to().value_or(*first)));
    queries.push_back({one.monitor->query.expr.get(), one.models->interval(),
                       [models = one.models](const RecordedEvaluation& evaluation) {
                         models->Judge(evaluation.result, evaluation.newest_inputs_ms,
                                       evaluation.slot);
                       }});
  }
  return ReplayRecorded(queries, past, {from, now}, now);
}

}  // namespace tocsin::engine
