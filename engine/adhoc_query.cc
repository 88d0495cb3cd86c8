#include "engine/adhoc_query.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/recorded_samples.h"
#include "engine/window_store.h"

namespace tocsin::engine {
namespace {

// Of a series in the query's own table and operators, besides its labels and samples; estimated.
constexpr uint64_t kSeriesBytes = 256;
constexpr uint64_t kSampleBytes = sizeof(int64_t) + sizeof(double);
// Of a histogram, besides itself: its place in the column and its owners' count.
constexpr uint64_t kHistogramBytes = 48;

absl::Status TimedOut() {
  return absl::DeadlineExceededError("query timed out in expression evaluation");
}

// What a query has cost so far.
class Usage {
 public:
  explicit Usage(const AdhocLimits& limits) : limits_(limits) {}

  void AddRead(size_t samples) { read_ += samples; }
  void AddSeries(const Labels& labels) { kept_bytes_ += labels.canonical().size() + kSeriesBytes; }
  // Null: a float.
  void AddSample(const NativeHistogram* histogram) {
    kept_bytes_ += kSampleBytes;
    if (histogram != nullptr) kept_bytes_ += kHistogramBytes + HistogramBytes(*histogram);
  }

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
    const auto applied = windows.Apply(samples, i);
    if (applied && applied->result != AppendResult::kDuplicate) {
      usage.AddSample(samples.histogram(i));
    }
  }
}

// Reads what a query wants, within the limits.
absl::Status ReadSamples(WindowStore& windows, RecordedSpan span, Timestamp now,
                         const storage::SampleLog& log, const AdhocLimits& limits, Usage& usage) {
  bool timed_out = false;
  const auto read = [&](const SampleBatch& samples) {
    timed_out = limits.expired();
    if (timed_out) return false;
    Apply(samples, span.oldest.millis(), windows, usage);
    return !usage.TooMuch();
  };
  TOCSIN_RETURN_IF_ERROR(ReadRecorded(
      log, span, now, {limits.late, limits.ahead},
      [&](SeriesRef ref) { return windows.Wants(ref); }, read));
  return timed_out ? TimedOut() : usage.Status();
}

// `@ <time>` may look anywhere; then all that is recorded is read, within the limits.
RecordedSpan SpanOf(const std::vector<SelectorNeed>& needs, Timestamp t) {
  RecordedSpan span{t, t};
  for (const SelectorNeed& need : needs) {
    if (need.unbounded) return {Timestamp(), Timestamp::Max()};
    span.oldest = std::min(span.oldest, t - need.reach);
  }
  return span;
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
    const auto add = [&](size_t row) {
      copy.rows.emplace_back((*result.labels)[row], result.frame->value(row));
      if (result.frame->has_histograms()) {
        copy.histograms.push_back(result.frame->histogram(row));
      }
    };
    if (result.order != nullptr) {
      std::for_each(result.order->begin(), result.order->end(), add);
    } else {
      result.frame->ForEach(add);
    }
  }
  if (result.matrix != nullptr) copy.matrix = *result.matrix;
  return copy;
}

}  // namespace

absl::StatusOr<AdhocResult> RunAdhocQuery(const promql::Expr& expr, AdhocTimes times,
                                          const SeriesRegistry& registry,
                                          const storage::SampleLog& log, const AdhocLimits& limits,
                                          const QueryOptions& options) {
  SeriesTable table;
  QueryEngine queries(table, options);
  TOCSIN_ASSIGN_OR_RETURN(const QueryId query, queries.Add(expr));
  std::vector<SelectorNeed> needs = QueryEngine::Needs(expr, options);
  const RecordedSpan span = SpanOf(needs, times.at);
  std::vector<SelectorIndex::Entry> selectors;
  for (SelectorNeed& need : needs) selectors.push_back({std::move(need.matchers), 0});
  TOCSIN_ASSIGN_OR_RETURN(auto index, SelectorIndex::Build(std::move(selectors)));
  Usage usage(limits);
  WindowStore windows(
      table, std::move(index), [&](SeriesRef ref) { return registry.Get(ref); },
      [&](SeriesTable::Slot slot, const Labels& labels) {
        queries.SeriesAdded(slot);
        usage.AddSeries(labels);
      });
  if (!needs.empty()) {
    TOCSIN_RETURN_IF_ERROR(ReadSamples(windows, span, times.now, log, limits, usage));
  }
  if (limits.expired()) return TimedOut();
  TOCSIN_ASSIGN_OR_RETURN(const QueryResult result, queries.Evaluate(query, times.at));
  return Copy(result);
}

}  // namespace tocsin::engine
