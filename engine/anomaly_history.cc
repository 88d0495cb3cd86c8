#include "engine/anomaly_history.h"

#include <algorithm>
#include <optional>

#include "base/status_macros.h"
#include "rules/rule.h"

namespace tocsin::engine {
namespace {

// Where to begin with those that know nothing: at the oldest date, since somebody may have imported
// the past. Looking for it takes reading the log, which is not done for those that only go on.
absl::StatusOr<std::optional<Timestamp>> OldestFor(const std::vector<ModelsOfMonitor>& monitors,
                                                   const storage::SampleLog& log) {
  const bool all_go_on =
      std::all_of(monitors.begin(), monitors.end(),
                  [](const ModelsOfMonitor& one) { return one.models->judged_to().has_value(); });
  if (all_go_on) return FirstRecorded(log);
  TOCSIN_ASSIGN_OR_RETURN(const auto span, SpanOfRecorded(log));
  return span ? std::optional(span->oldest) : std::nullopt;
}

}  // namespace

absl::Status LearnFromRecorded(const std::vector<ModelsOfMonitor>& monitors,
                               const RecordedPast& past, Timestamp now) {
  if (monitors.empty()) return absl::OkStatus();
  TOCSIN_ASSIGN_OR_RETURN(const auto oldest, OldestFor(monitors, past.log));
  if (!oldest) return absl::OkStatus();
  Timestamp from = now;
  std::vector<RecordedQuery> queries;
  for (const ModelsOfMonitor& one : monitors) {
    from = std::min(from, std::max(*oldest, one.models->judged_to().value_or(*oldest)));
    queries.push_back({one.monitor->query.expr.get(), one.models->interval(),
                       [models = one.models](const RecordedEvaluation& evaluation) {
                         models->Judge(evaluation.result, evaluation.newest_inputs_ms,
                                       evaluation.slot);
                       }});
  }
  return ReplayRecorded(queries, past, {from, now}, now);
}

}  // namespace tocsin::engine
