#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/timestamp.h"
#include "engine/query/query_engine.h"
#include "engine/recorded_samples.h"
#include "engine/series_registry.h"
#include "storage/sample_log.h"

namespace tocsin::engine {

// Recorded samples and how they are asked.
struct RecordedPast {
  const storage::SampleLog& log;
  const SeriesRegistry& registry;
  CommitSlack slack;
  QueryOptions queries;
};

// What a query gave at one of its slots. Borrowed during the call.
struct RecordedEvaluation {
  const QueryResult& result;
  const std::vector<int64_t>& newest_inputs_ms;  // per row, see QueryEngine::NewestInputs()
  Timestamp slot;
};

// A query that is evaluated again at the multiples of `interval` since the epoch.
struct RecordedQuery {
  const promql::Expr* expr = nullptr;  // borrowed
  absl::Duration interval;
  std::function<void(const RecordedEvaluation&)> visit;
};

// Evaluates the queries over recorded samples at all their slots after span.oldest, up to
// span.newest, in order of time. An evaluation sees no sample dated after it, and all that are
// dated before, also those that came late. One that fails is left out, as it is live. `now` as of
// ReadRecorded().
//
// Reads the log in spans of two hours, each once for all queries, so that memory is that of two
// hours of their samples. Thread: any. Errors: InvalidArgument, Unimplemented (a query cannot run),
// what the log says; what was visited until then was right.
absl::Status ReplayRecorded(const std::vector<RecordedQuery>& queries, const RecordedPast& past,
                            RecordedSpan span, Timestamp now);

// When the first sample that is recorded was committed; nullopt: nothing is recorded.
absl::StatusOr<std::optional<Timestamp>> FirstRecorded(const storage::SampleLog& log);
// From the oldest date of a sample that is recorded to the last commit; nullopt: nothing is
// recorded. Reads all records.
absl::StatusOr<std::optional<RecordedSpan>> SpanOfRecorded(const storage::SampleLog& log);

}  // namespace tocsin::engine
