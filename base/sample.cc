#include "base/sample.h"

namespace tocsin {

void SampleBatch::Append(const SampleBatch& other) {
  const size_t before = size();
  refs.insert(refs.end(), other.refs.begin(), other.refs.end());
  times_ms.insert(times_ms.end(), other.times_ms.begin(), other.times_ms.end());
  values.insert(values.end(), other.values.begin(), other.values.end());
  if (other.histograms.empty()) return;
  histograms.resize(before);
  histograms.insert(histograms.end(), other.histograms.begin(), other.histograms.end());
}

size_t SampleBatch::bytes() const {
  size_t bytes = refs.size() * (sizeof(SeriesRef) + sizeof(int64_t) + sizeof(double)) +
                 histograms.size() * sizeof(HistogramPtr);
  for (const HistogramPtr& histogram : histograms) {
    if (histogram != nullptr) bytes += HistogramBytes(*histogram);
  }
  return bytes;
}

}  // namespace tocsin
