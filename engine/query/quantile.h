#pragma once

#include <cmath>
#include <string>
#include <vector>

namespace tocsin::engine {

// The q-quantile of `values` with linear interpolation, as Prometheus defines it: NaN is smaller
// than everything, no values or q NaN give NaN, q outside [0, 1] gives an infinity. Sorts `values`.
double Quantile(double q, std::vector<double>& values);

// The order it goes by: NaN is smaller than everything.
inline bool QuantileOrder(double a, double b) {
  return std::isnan(a) ? !std::isnan(b) : a < b;
}
// The same of values that are in that order.
double QuantileOfSorted(double q, const std::vector<double>& sorted);

// Prometheus' warning if q is no quantile; "" if it is.
std::string InvalidQuantileText(double q);

}  // namespace tocsin::engine
