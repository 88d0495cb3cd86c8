#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/random.h"

namespace tocsin::twin {

// Writes random, mostly meaningful expressions over the metrics of RandomFeed: `steps_total`,
// `level`, `limit` (one series per g), `odd` (NaN and infinities), and native histograms
// (`hist_..`), with labels g and i.
//
// Under a comparison or a rounding function everything is exact in doubles (no division, no
// extrapolation): there a last digit that differs by the order of operations would decide whether a
// row exists.
class RandomExpr {
 public:
  explicit RandomExpr(Random& random) : random_(random) {}

  std::string Vector(int depth) {
    if (OneIn(3)) return OneIn(2) ? Histograms(depth) : Reading(depth);
    return Vector(depth, false);
  }

 private:
  std::string Vector(int depth, bool exact);
  std::string Scalar(int depth, bool exact);
  std::string HistogramSelector();
  std::string Histograms(int depth);  // a vector of histograms, mostly
  std::string Reading(int depth);     // numbers read off histograms
  std::string Selector();
  std::string Offset();
  std::string RangeCall(int depth, bool exact);
  std::string Call(int depth, bool exact);
  std::string Aggregate(int depth, bool exact);
  std::string WithScalar(int depth, bool exact);
  std::string Match(int depth, bool exact);
  std::string SetOperation(int depth, bool exact);
  std::string Grouping();
  std::string Matching();

  size_t Below(size_t n) { return static_cast<size_t>(random_.Next() % n); }
  bool OneIn(size_t n) { return Below(n) == 0; }
  std::string Pick(const std::vector<std::string>& choices) {
    return choices[Below(choices.size())];
  }

  Random& random_;
};

}  // namespace tocsin::twin
