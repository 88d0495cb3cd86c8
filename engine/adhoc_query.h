#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/labels.h"
#include "base/native_histogram.h"
#include "base/timestamp.h"
#include "engine/query/query_engine.h"
#include "engine/series_registry.h"
#include "rules/promql/ast.h"
#include "storage/sample_log.h"

namespace tocsin::engine {

// The result of an ad-hoc query, owned.
struct AdhocResult {
  promql::ValueType type = promql::ValueType::kVector;
  std::vector<std::pair<Labels, double>> rows;  // kVector, in the order to show them
  // Of the rows, null where the row is a float; empty: all are floats.
  std::vector<HistogramPtr> histograms;
  std::vector<MatrixRow> matrix;  // kMatrix, in order of labels
  double scalar = 0;
  std::string text;
  std::vector<std::string> warnings;
  std::vector<std::string> infos;
};

// What one query may cost.
struct AdhocLimits {
  uint64_t samples_max = 0;  // read from the log
  // Held in memory: the samples that its selectors reach and the labels of their series. Four
  // queries at once, as the admin port allows, then have 1 GiB and half of that as room to grow.
  uint64_t kept_bytes_max = 256 << 20;
  absl::Duration late;   // how long after its own time a sample may have been committed
  absl::Duration ahead;  // how long before
  // Asked before each record and before the evaluation; true ends the query.
  std::function<bool()> expired = [] { return false; };
};

struct AdhocTimes {
  Timestamp at;   // to evaluate at
  Timestamp now;  // by the clock that commits
};

// Evaluates an expression at one time over recorded samples: reads what its selectors reach from
// the log into a table of its own. Independent of the rules' windows, so any recorded series can be
// asked for and no shard waits.
//
// After the wall clock was set back by more than `late`, what is committed until it catches up is
// found as long as it has not, and for times up to `late` ago. Later, for times in that span,
// samples may be missing from the result.
//
// Thread: any. Errors: as QueryEngine; ResourceExhausted beyond a limit; DeadlineExceeded if
// `expired`.
absl::StatusOr<AdhocResult> RunAdhocQuery(const promql::Expr& expr, AdhocTimes times,
                                          const SeriesRegistry& registry,
                                          const storage::SampleLog& log, const AdhocLimits& limits,
                                          const QueryOptions& options = QueryOptions());

}  // namespace tocsin::engine
