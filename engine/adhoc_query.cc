#include "engine/adhoc_query.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/query/query_engine.h"
#include "engine/window_store.h"

namespace tocsin::engine {
namespace {

// Of a series in the query's own table and operators, besides its labels and samples; estimated.
constexpr uint64_t kSeriesBytes = 256;
constexpr uint64_t kSampleBytes = sizeof(int64_t) + sizeof(double);

absl::Status TimedOut() {
  return absl::DeadlineExceededError("query timed out in expression evaluation");
}

// What a query has cost so far.
class Usage {
 public:
  explicit Usage(const AdhocLimits& limits) : limits_(limits) {}

  void AddRead(size_t samples) { read_ += samples; }
  void AddSeries(const Labels& labels) { kept_bytes_ += labels.canonical().size() + kSeriesBytes; }
  void AddSample() { kept_bytes_ += kSampleBytes; }

  bool TooMuch() const {
    return read_ > limits_.samples_max || kept_bytes_ > limits_.kept_bytes_max;
  }
  // Of the first limit that is exceeded.
  absl::Status Status() const;

 private:
  const AdhocLimits& limits_;
  uint64_t read_ = 0;
  uint64_t kept_bytes_ = 0;
};

absl::Status Usage::Status() const {
  if (read_ > limits_.samples_max) {
    return absl::ResourceExhaustedError(
        absl::StrCat("query would read more than query_samples_max (", limits_.samples_max,
                     ") recorded samples"));
  }
  if (kept_bytes_ > limits_.kept_bytes_max) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "query would hold more than ", limits_.kept_bytes_max,
        " bytes of series and samples in memory; select fewer series or a shorter range"));
  }
  return absl::OkStatus();
}

// Checks the usage sample by sample: one record may hold millions.
void Apply(const SampleBatch& samples, int64_t oldest_ms, WindowStore& windows, Usage& usage) {
  usage.AddRead(samples.size());
  for (size_t i = 0; i < samples.size() && !usage.TooMuch(); ++i) {
    if (samples.times_ms[i] < oldest_ms) continue;
    const auto applied = windows.Apply(samples.refs[i], samples.times_ms[i], samples.values[i]);
    if (applied && applied->result != AppendResult::kDuplicate) usage.AddSample();
  }
}

absl::Status ReadSamples(WindowStore& windows, Timestamp t, absl::Duration reach,
                         const storage::SampleLog& log, const AdhocLimits& limits, Usage& usage) {
  TOCSIN_ASSIGN_OR_RETURN(const uint64_t begin, log.SeekToTime(t - reach - limits.ahead));
  const Timestamp last = t + limits.late;
  bool timed_out = false;
  TOCSIN_RETURN_IF_ERROR(log.ReadFrom(begin, [&](const storage::LogRecord& record) {
    if (record.committed > last) return false;
    timed_out = limits.expired();
    if (timed_out) return false;
    Apply(record.samples, (t - reach).millis(), windows, usage);
    return !usage.TooMuch();
  }));
  return timed_out ? TimedOut() : usage.Status();
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
  Usage usage(limits);
  WindowStore windows(
      table, std::move(index), [&](SeriesRef ref) { return registry.Get(ref); },
      [&](SeriesTable::Slot slot, const Labels& labels) {
        queries.SeriesAdded(slot);
        usage.AddSeries(labels);
      });
  TOCSIN_RETURN_IF_ERROR(ReadSamples(windows, t, reach, log, limits, usage));
  if (limits.expired()) return TimedOut();
  TOCSIN_ASSIGN_OR_RETURN(const QueryResult result, queries.Evaluate(query, t));
  return Copy(result);
}

}  // namespace tocsin::engine
