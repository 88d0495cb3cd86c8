#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/native_histogram.h"

namespace tocsin::datadog {

// The numbers of a Datadog sketch: key k stands for values near gamma^(k - 1338), gamma = 1 + 1/64;
// negative keys for negative values, 0 for what is nearer to 0 than kSketchValueMin. Source: the
// Agent's quantile package.
inline constexpr int32_t kSketchKeyBias = 1338;
inline constexpr int32_t kSketchKeyInfinity = 32767;
inline constexpr double kSketchValueMin = 9.941854089121418e-10;
// The key under which a sketch counts a value, and the value that a key stands for; |value| is off
// by at most 1/128 of itself. Keys beyond the last are infinite.
int32_t SketchKeyOf(double value);
double SketchValueOf(int32_t key);

// Values of one distribution as a native histogram: what a sketch becomes, and what values become
// that are sent as such.
//
// Buckets have the finest exponential schema, each 0.27 % wide. A sketch's bin, 1.6 % wide, goes as
// a whole to the bucket of the value it stands for, so that histogram_quantile() is off by at most
// 1/128 + 0.27 %, and distributions of different senders add up on the same buckets. Spreading a
// bin over the buckets it covers takes six times as many and is worse at the ends. A histogram of
// counts since the last one, hence a gauge histogram: sum_over_time() adds them up.
//
// Thread: one at a time.
class Distribution {
 public:
  // A value that was seen `count` times; not NaN. Adds to the sum.
  void AddValue(double value, double count);
  // A bin of a sketch; repeated keys add up. The sum is given apart.
  void AddSketchKey(int32_t key, double count);
  void AddToSum(double sum) { sum_ += sum; }

  double count() const { return count_; }
  // Memory, about.
  size_t bytes() const;

  // With at most `buckets_max` populated buckets (8 or more), coarser where that takes it.
  HistogramPtr Build(size_t buckets_max);

 private:
  struct Side {
    std::vector<HistogramBucket> buckets;  // sorted up to here: as after Settle()
    size_t settled = 0;
    void Add(int32_t index, double count);
    void Settle();
  };

  void AddMagnitude(Side& side, double magnitude, double count);

  Side positive_, negative_;
  double zero_count_ = 0;
  double count_ = 0;
  double sum_ = 0;
};

}  // namespace tocsin::datadog
