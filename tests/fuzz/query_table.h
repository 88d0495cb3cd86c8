#pragma once

#include <memory>
#include <string>

#include "engine/query/query_engine.h"
#include "engine/query/series_table.h"
#include "rules/promql/ast.h"

namespace tocsin::fuzz {

// A small table with something of everything: counters that reset, gauges, NaN and infinities,
// gaps, a stale series, classic buckets, native histograms. Half an hour from time 0, a sample a
// minute.
class QueryTable {
 public:
  QueryTable();

  engine::QueryEngine& engine() { return engine_; }

  // The result as text, values bit for bit; the error if there is one.
  std::string Evaluate(engine::QueryId query, Timestamp t);

 private:
  engine::SeriesTable table_;
  engine::QueryEngine engine_;
};

}  // namespace tocsin::fuzz
