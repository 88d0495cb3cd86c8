#include "engine/series_writer.h"

#include <utility>

#include "base/status_macros.h"

namespace tocsin::engine {

void SeriesWriter::Begin(int64_t time_ms) {
  time_ms_ = time_ms;
  batch_ = SampleBatch();
  current_.clear();
}

absl::StatusOr<SeriesRef> SeriesWriter::Write(const Labels& labels, double value) {
  TOCSIN_ASSIGN_OR_RETURN(const SeriesRef ref, sink_.Resolve(labels));
  Write(ref, value);
  return ref;
}

void SeriesWriter::Write(SeriesRef series, double value) {
  batch_.Add(series, time_ms_, value);
  current_.insert(series);
}

void SeriesWriter::Write(SeriesRef series, HistogramPtr histogram) {
  batch_.Add(series, time_ms_, std::move(histogram));
  current_.insert(series);
}

void SeriesWriter::Recall(const Labels& labels) {
  if (const auto ref = sink_.Resolve(labels); ref.ok()) previous_.insert(*ref);
}

const SampleBatch& SeriesWriter::Finish() {
  for (SeriesRef ref : previous_) {
    if (!current_.contains(ref)) batch_.Add(ref, time_ms_, StaleMarker());
  }
  std::swap(previous_, current_);
  return batch_;
}

}  // namespace tocsin::engine
