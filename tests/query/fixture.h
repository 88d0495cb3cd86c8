#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "engine/query/query_engine.h"
#include "engine/query/series_table.h"

namespace tocsin::engine {

// A table and an engine on it, fed and read by text.
class QueryFixture {
 public:
  explicit QueryFixture(QueryOptions options = {}) : options_(options), engine_(table_, options) {}

  // Lines of series in the notation of rule tests, one sample per `step` from time 0.
  void Load(absl::Duration step, absl::string_view lines);
  // One sample.
  AppendResult Append(absl::string_view series, absl::Duration at, double value);

  QueryId Add(const std::string& expr);
  // Lines "labels value" in order of labels (or in the result's own order, if it has one), or
  // "error: ...".
  std::string Eval(QueryId query, absl::Duration at);
  std::string Eval(const std::string& expr, absl::Duration at);
  // The same by an engine that has evaluated nothing before.
  std::string EvalAnew(const std::string& expr, absl::Duration at);
  // Its warnings and infos, a line each.
  std::string Notes(const std::string& expr, absl::Duration at);

  SeriesTable& table() { return table_; }
  QueryEngine& engine() { return engine_; }
  const QueryOptions& options() const { return options_; }

 private:
  const QueryOptions options_;
  SeriesTable table_;
  QueryEngine engine_;
};

Timestamp At(absl::Duration since_start);

// One line of a table of cases: evaluated at `at` over the table's data.
struct Case {
  const char* name;
  const char* expr;
  const char* expected;
  absl::Duration at = absl::Minutes(10);
};

// Loads `data` (one sample a minute) and checks each case, with names left out at once or at the
// end.
void Check(absl::string_view data, const std::vector<Case>& cases);
// Only with these options.
void Check(absl::string_view data, const std::vector<Case>& cases, const QueryOptions& options);

}  // namespace tocsin::engine
