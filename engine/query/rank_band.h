#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/query/quantile.h"

namespace tocsin::engine {

// What a window that slides has to keep of its values to tell those of certain ranks, in the order
// of QuantileOrder(): a band, which is the values of a sorted run of ranks, and how many lie below
// and above it. Outside the band only these counts move. Ranks drift out of the band as the window
// slides; then the band is chosen anew from all values.
//
// The band is about twice the root of the window wide: the rank of a value in a series without a
// trend hardly ever strays from there. A series that leaves its band soon gets a wider one, so that
// at least four roots of the window pass between two choices if it only rises or falls. Short
// windows lie in the band as a whole.
class RankBand {
 public:
  // Of the window.
  size_t size() const { return below_ + band_.size() + above_; }
  // Where the value last found is, which will be needed soon.
  const void* NeededSoon() const { return band_.data() + WantedOffset(); }

  void Insert(double value);
  // Takes out one value that is equal; there must be one.
  void Erase(double value);

  // The value of this rank, which is less than size(); null if it is not in the band: choose anew.
  // The band is kept around the rank last asked for.
  const double* Find(size_t rank) {
    wanted_ = static_cast<uint32_t>(rank);
    const size_t offset = rank - below_;  // wraps below the band
    return offset < band_.size() ? &band_[offset] : nullptr;
  }
  // Makes it hold this rank. `values` are the size() values of the window, in any order. Rows of
  // different numbers get different room, so that they do not all choose at one time.
  void Choose(const double* values, size_t rank, size_t row);

  // Heap memory, in bytes.
  size_t bytes() const { return band_.capacity() * sizeof(double); }

 private:
  static constexpr uint32_t kNever = UINT32_MAX;

  size_t WantedOffset() const { return wanted_ - below_ < band_.size() ? wanted_ - below_ : 0; }
  bool IsBelow(double value) const { return below_ > 0 && QuantileOrder(value, low_); }
  bool IsAbove(double value) const { return above_ > 0 && QuantileOrder(high_, value); }
  // The counts alone, without a band.
  bool IsVoid() const { return band_.empty() && below_ > 0; }
  void MakeVoid();
  void Place(double value);
  void MakeRoom();
  size_t NextRoom() const;
  void SetEnds() {
    low_ = band_.front();
    high_ = band_.back();
  }

  // Sorted. Without a band all values count as below.
  std::vector<double> band_;
  double low_ = 0;  // of the band, kept here because most values are compared with nothing else
  double high_ = 0;
  uint32_t below_ = 0;  // of these none is greater than low_
  uint32_t above_ = 0;  // of these none is less than high_
  uint32_t wanted_ = kNever;
  uint32_t entered_ = 0;  // since the band was chosen
};

}  // namespace tocsin::engine
