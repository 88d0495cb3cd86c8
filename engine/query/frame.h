#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tocsin::engine {

// The values of an operator's rows at one evaluation: a dense column and a presence bitmap. Absent
// rows have an unspecified value.
class Frame {
 public:
  // Makes all rows absent.
  void Reset(size_t rows) {
    values_.resize(rows);
    present_.assign((rows + 63) / 64, 0);
  }
  size_t rows() const { return values_.size(); }
  bool present(size_t row) const { return (present_[row / 64] >> (row % 64)) & 1; }
  double value(size_t row) const { return values_[row]; }
  void Set(size_t row, double value) {
    values_[row] = value;
    present_[row / 64] |= uint64_t{1} << (row % 64);
  }
  void Clear(size_t row) { present_[row / 64] &= ~(uint64_t{1} << (row % 64)); }

  // For loops over whole columns.
  std::vector<double>& values() { return values_; }
  const std::vector<double>& values() const { return values_; }
  std::vector<uint64_t>& words() { return present_; }
  const std::vector<uint64_t>& words() const { return present_; }

  size_t CountPresent() const {
    size_t count = 0;
    for (uint64_t word : present_) count += static_cast<size_t>(std::popcount(word));
    return count;
  }

  // Calls fn(row) for each present row, in order.
  template <typename Fn>
  void ForEach(Fn&& fn) const {
    for (size_t word = 0; word < present_.size(); ++word) {
      for (uint64_t bits = present_[word]; bits != 0; bits &= bits - 1) {
        fn(word * 64 + static_cast<size_t>(std::countr_zero(bits)));
      }
    }
  }

 private:
  std::vector<double> values_;
  std::vector<uint64_t> present_;
};

}  // namespace tocsin::engine
