#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/native_histogram.h"

namespace tocsin::engine {

// The values of an operator's rows at one evaluation: a dense column and a presence bitmap. Absent
// rows have an unspecified value.
//
// Rows may be native histograms instead of floats: they are kept in a second column that only
// exists when there is one, so that whoever only knows floats asks has_histograms() once. The float
// of such a row is 0.
class Frame {
 public:
  // Makes all rows absent.
  void Reset(size_t rows) {
    values_.resize(rows);
    present_.assign((rows + 63) / 64, 0);
    histograms_.clear();
  }
  size_t rows() const { return values_.size(); }
  bool has_histograms() const { return !histograms_.empty(); }
  // Null: the row is a float.
  const HistogramPtr& histogram(size_t row) const {
    return histograms_.empty() ? kNoHistogram : histograms_[row];
  }
  // Of a row that was absent.
  void SetHistogram(size_t row, HistogramPtr histogram) {
    if (histograms_.empty()) histograms_.resize(values_.size());
    histograms_[row] = std::move(histogram);
    Set(row, 0);
  }
  // Of a row that was absent: what `from` has in its row `from_row`.
  void Copy(size_t row, const Frame& from, size_t from_row) {
    if (const HistogramPtr& histogram = from.histogram(from_row)) {
      SetHistogram(row, histogram);
    } else {
      Set(row, from.values_[from_row]);
    }
  }
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

  // Calls fn(row) for each present row that is a float, in order.
  template <typename Fn>
  void ForEachFloat(Fn&& fn) const {
    if (!has_histograms()) return ForEach(fn);
    ForEach([&](size_t row) {
      if (histograms_[row] == nullptr) fn(row);
    });
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
  inline static const HistogramPtr kNoHistogram;

  std::vector<double> values_;
  std::vector<uint64_t> present_;
  std::vector<HistogramPtr> histograms_;  // empty: all rows are floats
};

}  // namespace tocsin::engine
