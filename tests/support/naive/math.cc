#include "tests/support/naive/math.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tocsin::naive {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

bool AllFinite(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double v) { return std::isfinite(v); });
}

}  // namespace

double Sum(const std::vector<double>& values) {
  double sum = 0;
  double compensation = 0;
  for (const double v : values) {
    const double next = sum + v;
    if (std::isinf(next)) {
      compensation = 0;
    } else if (std::abs(sum) >= std::abs(v)) {
      compensation += (sum - next) + v;
    } else {
      compensation += (v - next) + sum;
    }
    sum = next;
  }
  return sum + compensation;
}

double Mean(const std::vector<double>& values) {
  const double count = static_cast<double>(values.size());
  const double sum = Sum(values);
  if (std::isfinite(sum) || !AllFinite(values)) return sum / count;
  std::vector<double> parts;
  for (const double v : values) parts.push_back(v / count);
  return Sum(parts);
}

double Min(const std::vector<double>& values) {
  double min = kNan;
  for (const double v : values) {
    if (std::isnan(min) || v < min) min = v;
  }
  return min;
}

double Max(const std::vector<double>& values) {
  double max = kNan;
  for (const double v : values) {
    if (std::isnan(max) || v > max) max = v;
  }
  return max;
}

double Variance(const std::vector<double>& values) {
  // Welford: equal values give exactly 0, which the two-pass formula does not promise.
  double count = 0;
  double mean = 0;
  double squares = 0;
  for (const double v : values) {
    ++count;
    const double delta = v - mean;
    mean += delta / count;
    squares += delta * (v - mean);
  }
  return squares / count;
}

double Quantile(double q, std::vector<double> values) {
  if (values.empty() || std::isnan(q)) return kNan;
  if (q < 0) return -kInf;
  if (q > 1) return kInf;
  std::sort(values.begin(), values.end(), [](double a, double b) {
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && !std::isnan(b);
    return a < b;
  });
  const double last = static_cast<double>(values.size()) - 1;
  const double rank = q * last;
  const double lower = std::max(0.0, std::floor(rank));
  const double upper = std::min(last, lower + 1);
  const double weight = rank - std::floor(rank);
  return values[static_cast<size_t>(lower)] * (1 - weight) +
         values[static_cast<size_t>(upper)] * weight;
}

Line LinearRegression(const std::vector<Point>& samples, int64_t origin_ms) {
  const double first = samples.front().value;
  const bool constant =
      std::all_of(samples.begin(), samples.end(), [&](const Point& s) { return s.value == first; });
  if (constant) return std::isinf(first) ? Line{kNan, kNan} : Line{0, first};
  std::vector<double> x, y, xx, xy;
  for (const Point& sample : samples) {
    const double seconds = static_cast<double>(sample.time_ms - origin_ms) / 1000;
    x.push_back(seconds);
    y.push_back(sample.value);
    xx.push_back(seconds * seconds);
    xy.push_back(seconds * sample.value);
  }
  const double n = static_cast<double>(samples.size());
  const double covariance = Sum(xy) - Sum(x) * Sum(y) / n;
  const double variance = Sum(xx) - Sum(x) * Sum(x) / n;
  Line line;
  line.slope = covariance / variance;
  line.intercept = Sum(y) / n - line.slope * Sum(x) / n;
  return line;
}

}  // namespace tocsin::naive
