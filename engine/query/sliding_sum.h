#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "engine/query/double_double.h"

namespace tocsin::engine {

// When a sum that samples are added to and taken from has to be added up anew. Twice the precision
// of a double leaves two ways to lose: a sample that was far larger than all that stay took bits
// with it, however long ago it left; and very many steps add up. The first is seen by comparing
// with the largest there was, the second by counting; the count starts at a different number in
// each row, so that rows take turns.
class DriftGuard {
 public:
  // So much larger may a sample have been than what stays. Of squares, whose differences count,
  // less.
  static constexpr double kOfSums = 0x1p40, kOfSquares = 0x1p20;

  explicit DriftGuard(size_t row = 0) : steps_(static_cast<uint32_t>(row * 37 % kStepsMax)) {}

  void Entered(double magnitude) {
    scale_ += magnitude;
    largest_ = std::max(largest_, magnitude);
  }
  void Left(double magnitude, double allowed) {
    scale_ -= magnitude;
    ++steps_;
    if (!(scale_ * allowed >= largest_)) drifted_ = true;
  }
  // With `samples` in the window: adding them up costs less than what was saved since last time.
  bool drifted(uint32_t samples) const {
    return (drifted_ && samples > 0) || steps_ >= kStepsMax + samples;
  }

 private:
  static constexpr uint32_t kStepsMax = 4096;
  double scale_ = 0;    // about the sum of magnitudes in the window
  double largest_ = 0;  // since the sum was begun
  uint32_t steps_ = 0;
  bool drifted_ = false;
};

// The sum of the finite samples in a window, and how many others there are.
struct SlidingSum {
  DoubleDouble sum;
  DriftGuard guard;
  uint32_t nan = 0;
  uint32_t up = 0;    // +Inf
  uint32_t down = 0;  // -Inf

  explicit SlidingSum(size_t row = 0) : guard(row) {}
  void Enter(double value) {
    if (!std::isfinite(value)) return Count(value, 1);
    sum.Add(value);
    guard.Entered(std::fabs(value));
  }
  void Expire(double value) {
    if (!std::isfinite(value)) return Count(value, UINT32_MAX);
    sum.Add(-value);
    guard.Left(std::fabs(value), DriftGuard::kOfSums);
  }
  bool finite() const { return nan == 0 && up == 0 && down == 0; }
  // What samples that are not finite make of a sum or mean.
  double NotFinite() const;

 private:
  void Count(double value, uint32_t by) { (std::isnan(value) ? nan : value > 0 ? up : down) += by; }
};

// Since when all samples are equal.
struct ConstantRun {
  uint32_t begin = 0;  // position
  double last = 0;
  bool any = false;

  void Enter(uint32_t position, double value) {
    if (!any || value != last) begin = position;
    last = value;
    any = true;
  }
  bool Covers(uint32_t window_begin) const { return begin <= window_begin; }
};

}  // namespace tocsin::engine
