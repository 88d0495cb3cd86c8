#pragma once

#include <vector>

#include "base/kahan.h"
#include "base/native_histogram.h"

namespace tocsin {

// A bucket whose count is being summed up.
struct BucketCell {
  int32_t index = 0;
  KahanSum count;
};
using BucketCells = std::vector<BucketCell>;  // ascending by index

BucketCells CellsOf(const std::vector<HistogramBucket>& buckets);

// The number of the bucket of the coarser schema `to` that holds bucket `index` of schema `from`.
int32_t IndexAtSchema(int32_t index, int32_t from, int32_t to);

// The same cells under other numbers; cells with the same number become one. `renumber` is
// monotonic.
template <typename Renumber>
BucketCells Renumbered(const BucketCells& cells, Renumber&& renumber) {
  BucketCells result;
  for (const BucketCell& cell : cells) {
    const int32_t index = renumber(cell.index);
    if (result.empty() || result.back().index != index) {
      result.push_back({index, cell.count});
      continue;
    }
    result.back().count.Add(cell.count.sum);
    result.back().count.Add(cell.count.rest);
  }
  return result;
}

// Adds `sign` times the cells of `other`, which may come in between.
void MergeCells(BucketCells& cells, const BucketCells& other, double sign);

// The zero bucket and both sides of an exponential histogram.
struct ExponentialCells {
  int32_t schema = 0;
  double zero_threshold = 0;
  KahanSum zero_count;
  BucketCells positive, negative;

  static ExponentialCells Of(const NativeHistogram& histogram);
  // To the coarser schema `to`.
  void Reduce(int32_t to);
  // Makes the zero bucket reach to `threshold`, or farther to the end of a populated bucket that
  // this would cut: what it covers then is counted there.
  void WidenZeroBucket(double threshold);
};

}  // namespace tocsin
