#include "tests/anomaly/feed.h"

#include "tests/anomaly/made_series.h"

namespace tocsin::anomaly {

std::vector<double> Values(const std::string& kind, int rows, uint64_t seed) {
  for (const Kind& one : Kinds()) {
    if (one.name != kind) continue;
    Dice dice(seed);
    return one.make(dice, rows).values;
  }
  return {};
}

std::vector<double> WithFault(std::vector<double> values, size_t begin, size_t rows, double add) {
  for (size_t i = begin; i < begin + rows; ++i) values[i] += add;
  return values;
}

std::vector<Verdict> RunAll(const Detector& detector, const std::vector<double>& values) {
  SeriesModel model;
  std::vector<Verdict> verdicts;
  for (size_t i = 0; i < values.size(); ++i) {
    verdicts.push_back(detector.Update(model, RowTime(i), values[i]));
  }
  return verdicts;
}

}  // namespace tocsin::anomaly
