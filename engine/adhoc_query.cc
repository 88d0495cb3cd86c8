#include "engine/adhoc_query.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/query/query_engine.h"
#include "engine/window_store.h"

namespace tocsin::engine {
namespace {

absl::Status ReadSamples(WindowStore& windows, Timestamp t, absl::Duration reach,
                         const storage::SampleLog& log, const AdhocLimits& limits) {
  TOCSIN_ASSIGN_OR_RETURN(const uint64_t begin, log.SeekToTime(t - reach - limits.ahead));
  const Timestamp last = t + limits.late;
  const int64_t oldest_ms = (t - reach).millis();
  uint64_t read = 0;
  TOCSIN_RETURN_IF_ERROR(log.ReadFrom(begin, [&](const storage::LogRecord& record) {
    if (record.committed > last) return false;
    const SampleBatch& samples = record.samples;
    read += samples.size();
    if (read > limits.samples_max) return false;
    for (size_t i = 0; i < samples.size(); ++i) {
      if (samples.times_ms[i] < oldest_ms) continue;
      windows.Apply(samples.refs[i], samples.times_ms[i], samples.values[i]);
    }
    return true;
  }));
  if (read <= limits.samples_max) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat("query would read more than query_samples_max (",
                                                   limits.samples_max, ") recorded samples"));
}

AdhocResult Copy(const QueryResult& result) {
  AdhocResult copy;
  copy.type = result.type;
  if (result.warnings != nullptr) copy.warnings = *result.warnings;
  if (result.infos != nullptr) copy.infos = *result.infos;
  if (result.string_value != nullptr) copy.text = *result.string_value;
  if (result.type == promql::ValueType::kScalar) {
    copy.scalar = result.frame->value(0);
  } else if (result.type == promql::ValueType::kVector) {
    result.frame->ForEach([&](size_t row) {
      copy.rows.emplace_back((*result.labels)[row], result.frame->value(row));
    });
  }
  return copy;
}

}  // namespace

absl::StatusOr<AdhocResult> RunAdhocQuery(const promql::Expr& expr, Timestamp t,
                                          const SeriesRegistry& registry,
                                          const storage::SampleLog& log,
                                          const AdhocLimits& limits) {
  SeriesTable table;
  QueryEngine queries(table, QueryOptions());
  TOCSIN_ASSIGN_OR_RETURN(const QueryId query, queries.Add(expr));
  std::vector<SelectorIndex::Entry> selectors;
  absl::Duration reach;
  for (SelectorNeed& need : QueryEngine::Needs(expr, QueryOptions())) {
    // `@ <time>` may look anywhere; then all that is recorded is read, within the limit.
    reach = need.unbounded ? t - Timestamp() : std::max(reach, need.reach);
    selectors.push_back({std::move(need.matchers), 0});
  }
  TOCSIN_ASSIGN_OR_RETURN(auto index, SelectorIndex::Build(std::move(selectors)));
  WindowStore windows(
      table, std::move(index), [&](SeriesRef ref) { return registry.Get(ref); },
      [&](SeriesTable::Slot slot, const Labels&) { queries.SeriesAdded(slot); });
  TOCSIN_RETURN_IF_ERROR(ReadSamples(windows, t, reach, log, limits));
  TOCSIN_ASSIGN_OR_RETURN(const QueryResult result, queries.Evaluate(query, t));
  return Copy(result);
}

}  // namespace tocsin::engine
