#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/support/naive/evaluator.h"

namespace tocsin::naive {

// A function over the samples of one series, some of which are histograms.
struct MixedWindow {
  const std::string& function;
  const Series& series;
  int64_t begin_ms;  // (begin, end]
  int64_t end_ms;
  const Call& call;
};

// A float, a histogram, or (then not empty) the samples that the function of floats is to be
// computed from.
struct MixedResult {
  double value = 0;
  HistogramPtr histogram;
  std::vector<Point> of_floats;
};

// Nothing if there is no result.
std::optional<MixedResult> WithHistograms(Evaluator& evaluator, const MixedWindow& window);

}  // namespace tocsin::naive
