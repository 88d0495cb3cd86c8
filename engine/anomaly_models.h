#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/numeric/int128.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/labels.h"
#include "base/timestamp.h"
#include "engine/anomaly/detector.h"
#include "engine/query/query_engine.h"
#include "engine/series_writer.h"
#include "proto/tocsin/state/v1/state.pb.h"
#include "rules/rule.h"

namespace tocsin::engine {

// What is known of one row of an anomaly monitor's query: what the detector learned of it, and what
// follows from its last point.
struct AnomalyRow {
  Labels labels;  // of the query's row
  anomaly::SeriesModel model;
  int64_t newest_input_ms = INT64_MIN;  // of the samples behind the last point
  Timestamp seen;                       // the last evaluation in which the row was there
  // Of the incident that is going on, or waits for its trigger window.
  double largest_score = 0;
  std::string reason;  // of that score
  // Since when it was outside the band, or inside, on end; the epoch: it is not.
  Timestamp outside_since;
  Timestamp inside_since;
  bool fires = false;       // with trigger and recovery windows
  bool unanswered = false;  // an incident paged, and nobody has said anything of it
  // By feedback: thresholds are multiplied by it, and what was before the last one.
  double tolerance = 1;
  std::string model_before;  // serialised; empty: there was no feedback
  double tolerance_before = 1;

  // Not stored.
  anomaly::Verdict verdict;  // of the last point since the start
  rules::Level level = rules::Level::kOk;
  std::vector<SeriesRef> written;  // see AnomalyModels::Write()
};

// What a person says of a page, once: messages repeat.
enum class Feedback : uint8_t {
  kFalse,      // not worth it: the incident ends, and the row's thresholds grow by a quarter
  kExpected,   // known, and will come again: the incident ends
  kNewNormal,  // the row stays where it is now: the incident ends, and that is expected
  kUndo,       // the row's model goes back to before the last feedback
};

// The models of all rows of one anomaly monitor. A point is what the query gives at a multiple of
// the monitor's interval, as long as new samples stand behind it.
//
// A row that is not seen for 14 days is forgotten. Thread: one at a time (the shard's). Borrows the
// monitor.
class AnomalyModels {
 public:
  // `rows_max`: of which models are kept; more find no room, see left_out().
  AnomalyModels(const rules::Monitor& monitor, size_t rows_max);

  // Judges and learns the rows of an evaluation at `slot`. `newest_inputs_ms` per row, see
  // QueryEngine::NewestInputs(). A slot that is not after a row's last point changes nothing of it.
  void Judge(const QueryResult& result, const std::vector<int64_t>& newest_inputs_ms,
             Timestamp slot);
  // Of the last Judge(); null: the row has no value, or found no room.
  const AnomalyRow* At(size_t row) const { return row < rows_.size() ? rows_[row] : nullptr; }
  const AnomalyRow* Find(const Labels& labels) const;
  size_t left_out() const { return left_out_; }
  size_t size() const { return models_.size(); }
  template <typename Fn>
  void ForEach(Fn&& fn) const {
    for (const auto& [key, row] : models_) fn(static_cast<const AnomalyRow&>(*row));
  }

  // Writes the rows of the last Judge() as series: tocsin:score, and tocsin:expected, :lower and
  // :upper once they are known, by monitor and labels.
  absl::Status Write(SeriesWriter& writer);

  // Calls put(labels, record) for the rows whose turn it is to be stored, each at one of ten
  // evaluations, and drop(labels) for those that are forgotten. A restart repeats what is missing
  // from recorded samples.
  template <typename Put, typename Drop>
  void Store(Put&& put, Drop&& drop);
  // From disk. One of another query is left out. DataLoss: not a model.
  absl::Status Restore(const state::v1::ModelRecord& record);
  // Errors: NotFound (no such row), FailedPrecondition (no incident is open, nothing to undo, said
  // before).
  // Returns the row's record, to be stored.
  absl::StatusOr<state::v1::ModelRecord> Take(Feedback feedback, const Labels& row);
  // Goes on with what the monitor's earlier version learned, if its query is the same.
  void Continue(AnomalyModels& before);

  // Up to when all rows that were seen lately are judged; nullopt: nothing is known.
  std::optional<Timestamp> judged_to() const;
  absl::Duration interval() const;

 private:
  static constexpr uint64_t kStoreTurns = 10;

  void FollowRows(const QueryResult& result);
  AnomalyRow* RowOf(const Labels& labels, Timestamp slot);
  void JudgeRow(AnomalyRow& row, double value, int64_t newest_input_ms, Timestamp slot,
                int days_later);
  void FollowWindows(AnomalyRow& row, Timestamp slot) const;
  absl::Status Apply(Feedback feedback, AnomalyRow& row) const;
  void FollowIncident(AnomalyRow& row) const;
  absl::Status WriteRow(AnomalyRow& row, SeriesWriter& writer) const;
  state::v1::ModelRecord RecordOf(const AnomalyRow& row) const;
  std::vector<Labels> ForgetOld();

  const rules::Monitor& monitor_;
  const uint64_t query_hash_;
  const size_t rows_max_;
  const anomaly::Detector detector_;
  absl::flat_hash_map<absl::uint128, std::unique_ptr<AnomalyRow>> models_;
  uint64_t layout_ = 0;             // of the rows in known_
  std::vector<AnomalyRow*> known_;  // by row; null: not looked up
  std::vector<AnomalyRow*> rows_;   // of the last Judge()
  Timestamp slot_;
  size_t left_out_ = 0;
};

template <typename Put, typename Drop>
void AnomalyModels::Store(Put&& put, Drop&& drop) {
  const auto turn = static_cast<uint64_t>(slot_.millis() / absl::ToInt64Milliseconds(interval()));
  for (const AnomalyRow* row : rows_) {
    if (row == nullptr) continue;
    const uint64_t own = absl::Uint128Low64(row->labels.Fingerprint());
    if (own % kStoreTurns == turn % kStoreTurns) put(row->labels, RecordOf(*row));
  }
  for (const Labels& labels : ForgetOld()) drop(labels);
}

// Options as the detector wants them.
anomaly::DetectorOptions DetectorOptionsOf(const rules::Anomaly& anomaly);

}  // namespace tocsin::engine
