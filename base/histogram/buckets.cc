#include "base/histogram/buckets.h"

#include <algorithm>

namespace tocsin {
namespace {

// The end of a populated bucket of one side that begins below `threshold` and ends above it;
// `threshold` if there is none.
double CutBucketEnd(const BucketCells& cells, int32_t schema, double threshold) {
  for (const BucketCell& cell : cells) {
    if (ExponentialUpperBound(schema, cell.index - 1) >= threshold) break;
    const double upper = ExponentialUpperBound(schema, cell.index);
    if (upper > threshold && cell.count.sum != 0) return upper;
  }
  return threshold;
}

// Moves the cells that begin below `threshold` into `zero_count`.
void MoveIntoZero(BucketCells& cells, int32_t schema, double threshold, KahanSum& zero_count) {
  std::erase_if(cells, [&](const BucketCell& cell) {
    if (cell.count.sum == 0) return true;
    if (ExponentialUpperBound(schema, cell.index - 1) >= threshold) return false;
    zero_count.Add(cell.count.sum);
    zero_count.Add(cell.count.rest);
    return true;
  });
}

}  // namespace

BucketCells CellsOf(const std::vector<HistogramBucket>& buckets) {
  BucketCells cells;
  cells.reserve(buckets.size());
  for (const HistogramBucket& bucket : buckets) {
    cells.push_back({bucket.index, {bucket.count, 0}});
  }
  return cells;
}

int32_t IndexAtSchema(int32_t index, int32_t from, int32_t to) {
  return ((index - 1) >> (from - to)) + 1;
}

void MergeCells(BucketCells& cells, const BucketCells& other, double sign) {
  BucketCells merged;
  merged.reserve(cells.size() + other.size());
  auto left = cells.begin();
  for (const BucketCell& right : other) {
    while (left != cells.end() && left->index < right.index) merged.push_back(*left++);
    const bool same = left != cells.end() && left->index == right.index;
    merged.push_back(same ? *left++ : BucketCell{right.index, {}});
    merged.back().count.Add(sign * right.count.sum);
    if (right.count.rest != 0) merged.back().count.Add(sign * right.count.rest);
  }
  merged.insert(merged.end(), left, cells.end());
  cells = std::move(merged);
}

ExponentialCells ExponentialCells::Of(const NativeHistogram& h) {
  return {h.schema, h.zero_threshold, {h.zero_count, 0}, CellsOf(h.positive), CellsOf(h.negative)};
}

void ExponentialCells::Reduce(int32_t to) {
  if (to == schema) return;
  const auto renumber = [&](int32_t index) { return IndexAtSchema(index, schema, to); };
  positive = Renumbered(positive, renumber);
  negative = Renumbered(negative, renumber);
  schema = to;
}

void ExponentialCells::WidenZeroBucket(double threshold) {
  if (!(threshold > zero_threshold)) return;
  // Growing to the end of a bucket on one side may cut one on the other.
  for (double before = -1; before != threshold;) {
    before = threshold;
    threshold = CutBucketEnd(positive, schema, threshold);
    threshold = CutBucketEnd(negative, schema, threshold);
  }
  MoveIntoZero(positive, schema, threshold, zero_count);
  MoveIntoZero(negative, schema, threshold, zero_count);
  zero_threshold = threshold;
}

}  // namespace tocsin
