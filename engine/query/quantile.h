#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>
#include <vector>

namespace tocsin::engine {

// The q-quantile of `values` with linear interpolation, as Prometheus defines it: NaN is smaller
// than everything, no values or q NaN give NaN, q outside [0, 1] gives an infinity. Sorts `values`.
double Quantile(double q, std::vector<double>& values);

// The order it goes by: NaN is smaller than everything. An object, which sorting compiles in; it
// would call a function.
inline constexpr auto QuantileOrder = [](double a, double b) {
  return a < b || (std::isnan(a) && !std::isnan(b));
};
// The same of `size` values in that order, of which at(rank) gives one.
template <typename At>
double QuantileOfRanked(double q, size_t size, At&& at) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (size == 0 || std::isnan(q)) return std::numeric_limits<double>::quiet_NaN();
  if (q < 0) return -kInfinity;
  if (q > 1) return kInfinity;
  const double last = static_cast<double>(size - 1);
  const double rank = q * last;
  const auto lower = static_cast<size_t>(rank);  // not negative
  const size_t upper = std::min(size - 1, lower + 1);
  const double weight = rank - static_cast<double>(lower);
  return at(lower) * (1 - weight) + at(upper) * weight;
}

// Prometheus' warning if q is no quantile; "" if it is.
std::string InvalidQuantileText(double q);

}  // namespace tocsin::engine
