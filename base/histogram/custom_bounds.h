#pragma once

#include <vector>

#include "base/native_histogram.h"

namespace tocsin {

// Histograms with custom buckets meet on the bounds that both have. Bounds are ascending.
std::vector<double> CommonBounds(const std::vector<double>& a, const std::vector<double>& b);

// Where bucket `index` of a histogram with `bounds` ends up among the buckets of `common`, which
// are some of these bounds.
int32_t IndexAmongCommon(int32_t index, const std::vector<double>& bounds,
                         const std::vector<double>& common);

}  // namespace tocsin
