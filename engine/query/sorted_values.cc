#include "engine/query/sorted_values.h"

#include <algorithm>
#include <cstring>

#include "engine/query/quantile.h"

namespace tocsin::engine {

size_t SortedValues::HeadOf(double value) const {
  const auto after =
      std::upper_bound(heads_.begin(), heads_.end(), value,
                       [](double v, const Head& head) { return QuantileOrder(v, head.first); });
  return after == heads_.begin() ? 0 : static_cast<size_t>(after - heads_.begin()) - 1;
}

void SortedValues::Insert(double value) {
  if (heads_.empty()) heads_.push_back({value, 0, NewBlock()});
  size_t at = HeadOf(value);
  if (heads_[at].size == kBlockMax) {
    Split(at);
    at = HeadOf(value);
  }
  Head& head = heads_[at];
  double* values = blocks_[head.block].data();
  double* end = values + head.size;
  double* place = std::upper_bound(values, end, value, QuantileOrder);
  std::memmove(place + 1, place, static_cast<size_t>(end - place) * sizeof(double));
  *place = value;
  ++head.size;
  ++size_;
  head.first = values[0];
}

void SortedValues::Erase(double value) {
  const size_t at = HeadOf(value);
  Head& head = heads_[at];
  double* values = blocks_[head.block].data();
  double* end = values + head.size;
  double* place = std::lower_bound(values, end, value, QuantileOrder);
  std::memmove(place, place + 1, static_cast<size_t>(end - place - 1) * sizeof(double));
  --head.size;
  --size_;
  if (head.size == 0) return Drop(at);
  head.first = values[0];
  JoinIfSmall(at);
}

double SortedValues::At(size_t rank) const {
  for (const Head& head : heads_) {
    if (rank < head.size) return blocks_[head.block][rank];
    rank -= head.size;
  }
  return 0;
}

uint32_t SortedValues::NewBlock() {
  if (free_.empty()) {
    blocks_.emplace_back();
    return static_cast<uint32_t>(blocks_.size() - 1);
  }
  const uint32_t block = free_.back();
  free_.pop_back();
  return block;
}

void SortedValues::Drop(size_t at) {
  free_.push_back(heads_[at].block);
  heads_.erase(heads_.begin() + static_cast<std::ptrdiff_t>(at));
}

void SortedValues::Split(size_t at) {
  const uint32_t block = NewBlock();
  Head& lower = heads_[at];
  const Head upper{blocks_[lower.block][kBlockMax / 2], kBlockMax / 2, block};
  std::memcpy(blocks_[block].data(), blocks_[lower.block].data() + kBlockMax / 2,
              kBlockMax / 2 * sizeof(double));
  lower.size = kBlockMax / 2;
  heads_.insert(heads_.begin() + static_cast<std::ptrdiff_t>(at) + 1, upper);
}

// With its successor, if both together leave half a block free.
void SortedValues::JoinIfSmall(size_t at) {
  if (at + 1 >= heads_.size() || heads_[at].size + heads_[at + 1].size > kBlockMax / 2) return;
  const Head& upper = heads_[at + 1];
  std::memcpy(blocks_[heads_[at].block].data() + heads_[at].size, blocks_[upper.block].data(),
              upper.size * sizeof(double));
  heads_[at].size += upper.size;
  Drop(at + 1);
}

}  // namespace tocsin::engine
