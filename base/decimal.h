#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace tocsin {

// What is measured mostly has few decimal digits: such a number is a small integer and a power of
// ten, and dividing gives back each bit of it.

inline constexpr size_t kDecimalScaleMax = 12;
inline constexpr std::array<double, kDecimalScaleMax + 1> kPowersOfTen = {
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12};

// whole / 10^scale, scale <= kDecimalScaleMax.
inline double FromDecimal(int64_t whole, size_t scale) {
  return static_cast<double>(whole) / kPowersOfTen[scale];
}

// The whole number that gives back `value` bit by bit; false if there is none below 2^53.
inline bool ToDecimal(double value, size_t scale, int64_t& whole) {
  constexpr double kExact = 9007199254740992.0;  // 2^53
  const double scaled = value * kPowersOfTen[scale];
  if (!(std::fabs(scaled) < kExact)) return false;
  whole = std::llrint(scaled);
  return std::bit_cast<uint64_t>(FromDecimal(whole, scale)) == std::bit_cast<uint64_t>(value);
}

}  // namespace tocsin
