#include "engine/query/quantile.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_format.h"

namespace tocsin::engine {

double Quantile(double q, std::vector<double>& values) {
  std::sort(values.begin(), values.end(), QuantileOrder);
  return QuantileOfSorted(q, values);
}

double QuantileOfSorted(double q, const std::vector<double>& sorted) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (sorted.empty() || std::isnan(q)) return std::numeric_limits<double>::quiet_NaN();
  if (q < 0) return -kInfinity;
  if (q > 1) return kInfinity;
  const double last = static_cast<double>(sorted.size() - 1);
  const double rank = q * last;
  const double lower = std::max(0.0, std::floor(rank));
  const double upper = std::min(last, lower + 1);
  const double weight = rank - std::floor(rank);
  return sorted[static_cast<size_t>(lower)] * (1 - weight) +
         sorted[static_cast<size_t>(upper)] * weight;
}

std::string InvalidQuantileText(double q) {
  if (q >= 0 && q <= 1) return "";
  std::string shown = std::isnan(q)   ? "NaN"
                      : std::isinf(q) ? (q > 0 ? "+Inf" : "-Inf")
                                      : absl::StrFormat("%.6g", q);
  return "quantile value should be between 0 and 1, got " + shown;
}

}  // namespace tocsin::engine
