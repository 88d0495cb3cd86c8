#include "engine/query/matrix_result.h"

#include <algorithm>

namespace tocsin::engine {

absl::StatusOr<std::vector<MatrixRow>> CollectMatrix(RangeVector& range) {
  std::vector<MatrixRow> rows;
  for (size_t row = 0; row < range.rows(); ++row) {
    const Samples samples = range.Read(row);
    if (samples.size == 0) continue;
    MatrixRow& added = rows.emplace_back();
    added.labels = range.LabelsOf(row);
    if (range.drops_name(row)) added.labels = WithoutName(added.labels);
    added.times_ms.assign(samples.times, samples.times + samples.size);
    added.values.assign(samples.values, samples.values + samples.size);
    if (samples.histograms == nullptr) continue;
    added.histograms.assign(samples.histograms, samples.histograms + samples.size);
  }
  std::sort(rows.begin(), rows.end(),
            [](const MatrixRow& a, const MatrixRow& b) { return (a.labels <=> b.labels) < 0; });
  const auto twin = std::adjacent_find(
      rows.begin(), rows.end(),
      [](const MatrixRow& a, const MatrixRow& b) { return a.labels == b.labels; });
  if (twin == rows.end()) return rows;
  return absl::InvalidArgumentError("vector cannot contain metrics with the same labelset");
}

}  // namespace tocsin::engine
