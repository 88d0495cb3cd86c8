#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/labels.h"
#include "base/native_histogram.h"

namespace tocsin::naive {

// The sum or the mean of histograms, bucket by bucket.
struct HistogramFold {
  HistogramPtr result;
  std::optional<size_t> failed_at;  // the first that has custom buckets where others have not
  bool reset_collision = false;
  bool bounds_reconciled = false;
};
HistogramFold FoldHistograms(const std::vector<HistogramPtr>& histograms, bool mean);

// The warning about exponential and custom buckets in one place.
std::string MixedSchemas(const Labels& labels);

}  // namespace tocsin::naive
