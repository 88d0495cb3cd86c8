#include "engine/query/quantile.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"

namespace tocsin::engine {

double Quantile(double q, std::vector<double>& values) {
  std::sort(values.begin(), values.end(), QuantileOrder);
  return QuantileOfRanked(q, values.size(), [&](size_t i) { return values[i]; });
}

std::string InvalidQuantileText(double q) {
  if (q >= 0 && q <= 1) return "";
  std::string shown = std::isnan(q)   ? "NaN"
                      : std::isinf(q) ? (q > 0 ? "+Inf" : "-Inf")
                                      : absl::StrFormat("%.6g", q);
  return "quantile value should be between 0 and 1, got " + shown;
}

}  // namespace tocsin::engine
