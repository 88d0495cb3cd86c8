#pragma once

#include <cstdint>
#include <vector>

#include "tests/support/naive/storage.h"

// The arithmetic shared by aggregations over series and over time, from its definitions.
namespace tocsin::naive {

// Compensated (Neumaier): {1, 1e100, 1, -1e100} sums to 2.
double Sum(const std::vector<double>& values);
// Mean that does not overflow where the sum does.
double Mean(const std::vector<double>& values);
// NaN loses against every other value.
double Min(const std::vector<double>& values);
double Max(const std::vector<double>& values);
// Population variance.
double Variance(const std::vector<double>& values);
// Linear interpolation between ranks; NaN counts as the smallest value. Outside [0, 1]: an
// infinity.
double Quantile(double q, std::vector<double> values);

// Least squares over (seconds since `origin_ms`, value).
struct Line {
  double slope = 0;
  double intercept = 0;
};
Line LinearRegression(const std::vector<Point>& samples, int64_t origin_ms);

}  // namespace tocsin::naive
