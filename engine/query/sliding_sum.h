#pragma once

#include <algorithm>
#include <bit>
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
  // So many powers of two larger may a sample have been than what stays. Of squares, whose
  // differences count, less.
  static constexpr int kOfSums = 40, kOfSquares = 20;

  explicit DriftGuard(size_t row = 0) : steps_(static_cast<uint32_t>(row * 37 % kStepsMax)) {}

  void Entered(double magnitude) {
    scale_ += magnitude;
    largest_ = std::max(largest_, ExponentOf(magnitude));
  }
  // `allowed`: kOfSums or kOfSquares.
  void Left(double magnitude, int allowed) {
    scale_ -= magnitude;
    ++steps_;
    if (!(scale_ >= 0) || ExponentOf(scale_) + allowed < largest_) drifted_ = true;
  }
  // With `samples` in the window: adding them up costs less than what was saved since last time.
  bool drifted(uint32_t samples) const {
    return (drifted_ && samples > 0) || steps_ >= kStepsMax + samples;
  }

 private:
  static constexpr uint32_t kStepsMax = 4096;
  // As it is stored: 0 of zero and of what is nearly zero.
  static uint16_t ExponentOf(double magnitude) {
    return static_cast<uint16_t>(std::bit_cast<uint64_t>(magnitude) >> 52);
  }
  double scale_ = 0;  // about the sum of magnitudes in the window
  uint32_t steps_ = 0;
  uint16_t largest_ = 0;  // exponent, since the sum was begun
  bool drifted_ = false;
};

// The sum of the samples in a window. While some of them are not finite only these are counted;
// when the last of them has left, the sum has to be begun anew.
class SlidingSum {
 public:
  explicit SlidingSum(size_t row = 0) : sum_(), guard_(row) {}
  void Enter(double value) {
    if (!std::isfinite(value)) [[unlikely]]
      return Count(value, 1);
    if (!finite_) return;
    sum_.Add(value);
    guard_.Entered(std::fabs(value));
  }
  [[gnu::always_inline]] void Expire(double value) {
    if (!std::isfinite(value)) [[unlikely]]
      return Count(value, UINT32_MAX);
    if (!finite_) return;
    sum_.Add(-value);
    guard_.Left(std::fabs(value), DriftGuard::kOfSums);
  }
  // Has to be begun anew, with so many samples in the window.
  bool drifted(uint32_t samples) const {
    return finite_ ? guard_.drifted(samples) || !std::isfinite(sum_.hi) : !others_.any();
  }

  // Whether all samples are.
  bool finite() const { return finite_; }
  // If so.
  const DoubleDouble& sum() const { return sum_; }
  // If not: what the others make of a sum or mean.
  double NotFinite() const;

 private:
  struct Others {
    uint32_t nan = 0;
    uint32_t up = 0;    // +Inf
    uint32_t down = 0;  // -Inf
    bool any() const { return nan > 0 || up > 0 || down > 0; }
  };
  void Count(double value, uint32_t by);

  union {
    DoubleDouble sum_;
    Others others_;
  };
  [[no_unique_address]] DriftGuard guard_;
  bool finite_ = true;  // sum_ is valid, else others_
};
static_assert(sizeof(SlidingSum) == 32);

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
