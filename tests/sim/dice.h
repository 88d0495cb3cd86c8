#pragma once

#include <cstdint>

#include "base/random.h"

namespace tocsin::simulation {

// Draws from one stream of randomness. Each part of a run has its own, so that a change in one part
// leaves the others' choices as they were.
class Dice {
 public:
  Dice(uint64_t seed, uint64_t stream) : random_(seed * 1'000'003 + stream) {}

  int64_t Below(int64_t n) {
    return static_cast<int64_t>(random_.Next() % static_cast<uint64_t>(n));
  }
  int64_t Between(int64_t low, int64_t high) { return low + Below(high - low + 1); }
  bool OneIn(int64_t n) { return Below(n) == 0; }
  bool Chance(double probability) { return random_.Uniform() < probability; }
  Random& random() { return random_; }

 private:
  SeededRandom random_;
};

}  // namespace tocsin::simulation
