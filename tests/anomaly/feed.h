#pragma once

#include <string>
#include <vector>

#include "engine/anomaly/detector.h"

namespace tocsin::anomaly {

// The values of a kind of made series (made_series.h).
std::vector<double> Values(const std::string& kind, int rows, uint64_t seed = 1);

// `add` on `rows` rows from `begin` on.
std::vector<double> WithFault(std::vector<double> values, size_t begin, size_t rows, double add);

// What the detector says about each row, five minutes apart.
std::vector<Verdict> RunAll(const Detector& detector, const std::vector<double>& values);

}  // namespace tocsin::anomaly
