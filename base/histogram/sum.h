#pragma once

#include <optional>
#include <vector>

#include "base/histogram/buckets.h"
#include "base/native_histogram.h"

namespace tocsin {

// What users should know about a combination of histograms.
struct CombineNotes {
  bool reset_collision = false;    // one was marked as a counter reset, the other as none
  bool bounds_reconciled = false;  // custom bounds differed: only common ones are left
  void operator|=(const CombineNotes& other) {
    reset_collision |= other.reset_collision;
    bounds_reconciled |= other.bounds_reconciled;
  }
};

// A sum of histograms, compensated (Kahan) in every count. The coarser schema wins, and the zero
// bucket grows until it cuts no populated bucket of any.
class HistogramSum {
 public:
  explicit HistogramSum(const NativeHistogram& first);

  // nullopt, and nothing changed, if one has exponential and the other custom buckets.
  std::optional<CombineNotes> Add(const NativeHistogram& other) { return Combine(other, 1); }
  std::optional<CombineNotes> Subtract(const NativeHistogram& other) { return Combine(other, -1); }
  // Of all counts and sums, as they are.
  void Multiply(double factor);
  // Some count or sum is infinite.
  bool overflows() const;

  // With the compensations, each count as its sum / divisor + its compensation / divisor.
  NativeHistogram Total(double divisor = 1) const;
  // Without: what plain addition in the same order gives.
  NativeHistogram Plain() const;

 private:
  bool custom() const { return cells_.schema == NativeHistogram::kCustomSchema; }
  std::optional<CombineNotes> Combine(const NativeHistogram& other, double sign);
  bool CombineCustom(const NativeHistogram& other, double sign);
  void CombineExponential(const NativeHistogram& other, double sign);
  // True on a collision.
  bool CombineResets(CounterReset other);
  template <typename Fn>
  void ForEachCount(Fn&& fn);
  template <typename Fn>
  NativeHistogram Make(Fn&& value) const;

  CounterReset counter_reset_;
  KahanSum count_, sum_;
  ExponentialCells cells_;  // with custom buckets only the positive side is used
  std::vector<double> custom_bounds_;
};

// to += other, from -= other, without compensation. As HistogramSum::Add() and Subtract().
std::optional<CombineNotes> AddTo(NativeHistogram& to, const NativeHistogram& other);
std::optional<CombineNotes> SubtractFrom(NativeHistogram& from, const NativeHistogram& other);

// A negative factor makes a gauge. Dividing by zero leaves infinities and no buckets.
void Multiply(NativeHistogram& histogram, double factor);
void Divide(NativeHistogram& histogram, double divisor);

// `schema` is not finer than the histogram's.
NativeHistogram AtSchema(const NativeHistogram& histogram, int32_t schema);

}  // namespace tocsin
