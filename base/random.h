#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace tocsin {

// Randomness as a dependency, so that simulation can seed it. Thread: one at a time.
class Random {
 public:
  virtual ~Random() = default;
  virtual uint64_t Next() = 0;
  // Uniform in [0, 1).
  double Uniform() { return static_cast<double>(Next() >> 11) * 0x1.0p-53; }
};

// A seeded generator (mt19937_64): the same seed gives the same sequence everywhere.
class SeededRandom : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : engine_(seed) {}
  uint64_t Next() override { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

// A seed from the operating system, for production's generators.
uint64_t SystemSeed();

// A random (version 4) UUID in its usual text form.
std::string MakeUuid(Random& random);

}  // namespace tocsin
