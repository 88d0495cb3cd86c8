#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "base/labels.h"
#include "base/timestamp.h"
#include "engine/query/frame.h"
#include "engine/query/series_table.h"
#include "rules/promql/ast.h"
#include "rules/promql/parser.h"

namespace tocsin::engine {

struct QueryOptions {
  absl::Duration lookback = absl::Minutes(5);
  absl::Duration default_subquery_step = absl::Minutes(1);
  // Keep the metric name until the end of the evaluation (a Prometheus feature flag, off by default
  // there).
  bool delayed_name_removal = false;
  // start() and end() of the evaluated range; absent: the evaluation time.
  std::optional<Timestamp> range_start;
  std::optional<Timestamp> range_end;
  // Dead series are given up when there are so many of them, and a quarter of all are dead: each
  // costs a share of having all rows numbered anew.
  size_t dead_series_min = 64;
};

using QueryId = uint32_t;

// A series of a range vector as a result.
struct MatrixRow {
  Labels labels;
  std::vector<int64_t> times_ms;
  std::vector<double> values;
  std::vector<HistogramPtr> histograms;  // null where the sample is a float; empty: all are floats
};

class Operator;

// The labels of a result's rows, put together when asked for: of most rows nobody ever does.
class RowLabels {
 public:
  explicit RowLabels(const Operator* rows = nullptr) : rows_(rows) {}
  size_t size() const;
  Labels operator[](size_t row) const;

 private:
  const Operator* rows_;
};

// The result of one evaluation; borrowed, valid until the next call of the engine.
struct QueryResult {
  // kScalar: one row without labels; kVector; kMatrix, kString: no rows.
  promql::ValueType type = promql::ValueType::kVector;
  const RowLabels* labels = nullptr;  // per row, as users see them
  const Frame* frame = nullptr;
  // While this stays the same, rows are only appended: callers extend what they computed per row.
  // When it changes, rows were renumbered or are gone. No two engines have one in common.
  uint64_t layout = 0;
  // The present rows in the order to show them, of sort() and topk() at the top; null: no order of
  // their own.
  const std::vector<uint32_t>* order = nullptr;
  // Annotations as Prometheus words them, at most 10 of each.
  const std::vector<std::string>* warnings = nullptr;
  const std::vector<std::string>* infos = nullptr;
  const std::string* string_value = nullptr;
  const std::vector<MatrixRow>* matrix = nullptr;  // of a range vector, in order of labels
};

// What a query must be fed with: series matching `matchers`, samples newer than T - reach for an
// evaluation at T.
struct SelectorNeed {
  std::vector<promql::Matcher> matchers;
  absl::Duration reach;    // lookback or range, plus offset and enclosing subqueries; >= 0
  absl::Duration ahead;    // looks so far past T, by negative offsets; >= 0
  bool unbounded = false;  // `@ <time>`: any time may be read
  // `@ start()`, `@ end()` that mean T: read at T also from elsewhere, within `reach`.
  bool at_query_time = false;
};

// Standing queries: a graph of operators over the series of one table. Equal sub-expressions are
// one operator. Labels are touched only when series come (index versions) or go (layouts); an
// evaluation is arithmetic over frames.
//
// Feed samples into the table, and call SeriesAdded() after FindOrAdd() made a new series. Call
// Trim() now and then: without it nothing is ever forgotten.
// Evaluation times may go in any order; ascending times are fast because windows advance
// incrementally.
//
// Thread: one at a time, the table's. Borrows the table, which outlives it.
class QueryEngine {
 public:
  QueryEngine(SeriesTable& table, QueryOptions options);
  ~QueryEngine();

  // Compiles. Unimplemented "not supported yet: ..." for what is not there (see Unsupported()),
  // InvalidArgument for regexes that do not compile. `text` is what `expr` was parsed from, for the
  // places that annotations name. `behind` says how far behind other queries this one is going to
  // be evaluated (a group's query_offset); queries share what they have in common where it is
  // equal.
  absl::StatusOr<QueryId> Add(const promql::Expr& expr, absl::string_view text = "",
                              absl::Duration behind = absl::ZeroDuration());
  // Operators that no other query uses go away.
  void Remove(QueryId query);

  // The first part of an expression that Add() would refuse, with its span; nullopt: all of it is
  // supported.
  static std::optional<promql::ParseError> Unsupported(const promql::Expr& expr);
  // The selectors of an expression.
  static std::vector<SelectorNeed> Needs(const promql::Expr& expr, const QueryOptions& options);

  // Tells the selectors of a new series. True if one wants it.
  bool SeriesAdded(SeriesTable::Slot slot);

  // Errors: InvalidArgument with Prometheus' words (many-to-many matching, duplicate labelset ...).
  absl::StatusOr<QueryResult> Evaluate(QueryId query, Timestamp t);

  // Per row of the last Evaluate(): time of the newest sample it was computed from, moved by the
  // selector's offset, so that `x offset 1h` is as new as x (INT64_MIN if none). Computed on
  // demand.
  const std::vector<int64_t>& NewestInputs(QueryId query);

  // The first time after `t` at which the result may differ although no sample came: a sample turns
  // stale by lookback, leaves a window, or (dated ahead) enters it. Max if never. Queries that read
  // the time itself (time(), date functions) answer `t` + 1 ms; the small drift of rates and
  // predictions between samples, which comes from extrapolating to the evaluation time, does not
  // count.
  Timestamp NextChange(QueryId query, Timestamp t);

  // Operators in use, shared ones counted once.
  size_t operators() const;

  // How far back samples must be kept for any later evaluation, per the queries added now.
  absl::Duration MaxReach() const;
  // Drops samples that no evaluation at or after `t` needs. A series of which none is needed is
  // dead; once enough of the table's are, they are given up: their slots leave it, to be used again
  // for the next new series, and rows are renumbered (QueryResult::layout). Returns these slots,
  // empty at most times. A sample that comes later makes its series a new one.
  //
  // The table must have no other engine by then.
  std::vector<SeriesTable::Slot> Trim(Timestamp t);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Which selectors a series matches, for routing before it has a slot: an immutable snapshot, any
// thread.
class SelectorIndex {
 public:
  // `owner` is an arbitrary number the caller gets back (a shard). Invalid regexes are refused.
  struct Entry {
    std::vector<promql::Matcher> matchers;
    uint32_t owner = 0;
  };
  static absl::StatusOr<std::shared_ptr<const SelectorIndex>> Build(std::vector<Entry> entries);
  ~SelectorIndex();

  // Bit `owner` (of 64) is set if one of its selectors matches.
  uint64_t Match(const Labels& labels) const;

 private:
  SelectorIndex();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::engine
