#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/numeric/int128.h"
#include "absl/status/status.h"
#include "engine/query/query_engine.h"
#include "engine/series_writer.h"
#include "rules/rule.h"

namespace tocsin::engine {

// The series that a record rule writes for each row of its result. Labels are put together when a
// row is first there; from then on its reference is enough.
//
// Thread: one at a time.
class RecordedRows {
 public:
  // Follows the result's rows. InvalidArgument if two that are present make one series, which is an
  // error of the whole rule, as in Prometheus: do not write.
  absl::Status Follow(const rules::RecordRule& record, const QueryResult& result);
  // Writes the present rows of the result just followed. Errors: of series that are refused, see
  // SeriesWriter::Write(), and of histograms that no storage takes (negative counts); these rows
  // are left out and tried again the next time.
  absl::Status Write(const rules::RecordRule& record, const QueryResult& result,
                     SeriesWriter& writer);

 private:
  absl::Status WriteRow(const rules::RecordRule& record, const QueryResult& result, size_t row,
                        SeriesWriter& writer);

  struct Row {
    absl::uint128 fingerprint = 0;  // of the recorded series; 0: not looked at yet
    SeriesRef ref = 0;              // 0: not resolved
  };
  bool Collide(const QueryResult& result) const;

  uint64_t layout_ = 0;  // of the rows in rows_
  std::vector<Row> rows_;
  absl::flat_hash_set<absl::uint128> known_;  // fingerprints of rows_
  bool equal_rows_ = false;                   // some rows make one series
};

}  // namespace tocsin::engine
