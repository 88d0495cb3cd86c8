#include "engine/recorded_rows.h"

#include "absl/container/flat_hash_set.h"
#include "engine/rule_runtime.h"

namespace tocsin::engine {

absl::Status RecordedRows::Follow(const rules::RecordRule& record, const QueryResult& result) {
  if (layout_ != result.layout) rows_.clear();
  layout_ = result.layout;
  rows_.resize(result.labels->size());
  absl::flat_hash_set<absl::uint128> seen;
  bool distinct = true;
  result.frame->ForEach([&](size_t row) {
    absl::uint128& fingerprint = rows_[row].fingerprint;
    if (fingerprint == 0) fingerprint = RecordedSeries(record, (*result.labels)[row]).Fingerprint();
    distinct = seen.insert(fingerprint).second && distinct;
  });
  if (distinct) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "vector contains metrics with the same labelset after applying rule labels");
}

absl::Status RecordedRows::Write(const rules::RecordRule& record, const QueryResult& result,
                                 SeriesWriter& writer) {
  absl::Status refused;
  result.frame->ForEach([&](size_t row) {
    const double value = result.frame->value(row);
    if (rows_[row].ref != 0) return writer.Write(rows_[row].ref, value);
    const auto ref = writer.Write(RecordedSeries(record, (*result.labels)[row]), value);
    if (ref.ok()) rows_[row].ref = *ref;
    refused.Update(ref.status());
  });
  return refused;
}

}  // namespace tocsin::engine
