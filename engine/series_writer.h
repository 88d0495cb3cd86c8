#pragma once

#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "base/labels.h"
#include "base/sample.h"
#include "engine/sample_sink.h"

namespace tocsin::engine {

// The series one rule writes (its record, or ALERTS and ALERTS_FOR_STATE): what was written at the
// previous evaluation and is missing now gets a stale marker, as Prometheus does.
//
// Thread: one at a time. Borrows the sink.
class SeriesWriter {
 public:
  explicit SeriesWriter(SampleSink& sink) : sink_(sink) {}

  void Begin(int64_t time_ms);
  // InvalidArgument or ResourceExhausted for series the sink refuses; the others are still written.
  // Returns the reference, for the next time.
  absl::StatusOr<SeriesRef> Write(const Labels& labels, double value);
  void Write(SeriesRef series, double value);
  void Write(SeriesRef series, HistogramPtr histogram);
  // The reference of a series, to be written by it. Errors as of Write().
  absl::StatusOr<SeriesRef> Resolve(const Labels& labels) { return sink_.Resolve(labels); }
  // What this evaluation wrote, stale markers included.
  const SampleBatch& Finish();
  // After a restart: a series of the previous evaluation. One that cannot be resolved has no
  // samples to end.
  void Recall(const Labels& labels);
  // Goes on where `before`, the writer of the rule's earlier version, stopped.
  void Continue(SeriesWriter& before) { previous_ = std::move(before.previous_); }

 private:
  SampleSink& sink_;
  int64_t time_ms_ = 0;
  SampleBatch batch_;
  absl::flat_hash_set<SeriesRef> previous_;
  absl::flat_hash_set<SeriesRef> current_;
};

}  // namespace tocsin::engine
