#include "engine/recorded_rows.h"

#include "base/status_macros.h"
#include "engine/rule_runtime.h"

namespace tocsin::engine {

absl::Status RecordedRows::Follow(const rules::RecordRule& record, const QueryResult& result) {
  if (layout_ != result.layout) {
    rows_.clear();
    known_.clear();
    equal_rows_ = false;
  }
  layout_ = result.layout;
  rows_.resize(result.labels->size());
  result.frame->ForEach([&](size_t row) {
    absl::uint128& fingerprint = rows_[row].fingerprint;
    if (fingerprint != 0) return;
    fingerprint = RecordedSeries(record, (*result.labels)[row]).Fingerprint();
    equal_rows_ = !known_.insert(fingerprint).second || equal_rows_;
  });
  if (!equal_rows_ || !Collide(result)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "vector contains metrics with the same labelset after applying rule labels");
}

bool RecordedRows::Collide(const QueryResult& result) const {
  absl::flat_hash_set<absl::uint128> present;
  bool collide = false;
  result.frame->ForEach(
      [&](size_t row) { collide = !present.insert(rows_[row].fingerprint).second || collide; });
  return collide;
}

absl::Status RecordedRows::Write(const rules::RecordRule& record, const QueryResult& result,
                                 SeriesWriter& writer) {
  absl::Status refused;
  result.frame->ForEach([&](size_t row) { refused.Update(WriteRow(record, result, row, writer)); });
  return refused;
}

absl::Status RecordedRows::WriteRow(const rules::RecordRule& record, const QueryResult& result,
                                    size_t row, SeriesWriter& writer) {
  const HistogramPtr& histogram = result.frame->histogram(row);
  if (histogram != nullptr) TOCSIN_RETURN_IF_ERROR(Validate(*histogram));
  SeriesRef& ref = rows_[row].ref;
  if (ref == 0) {
    TOCSIN_ASSIGN_OR_RETURN(ref, writer.Resolve(RecordedSeries(record, (*result.labels)[row])));
  }
  if (histogram != nullptr) {
    writer.Write(ref, histogram);
  } else {
    writer.Write(ref, result.frame->value(row));
  }
  return absl::OkStatus();
}

}  // namespace tocsin::engine
