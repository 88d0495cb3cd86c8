#include "engine/query/rank_band.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <vector>

namespace tocsin::engine {
namespace {

// How many values a band has room for; when chosen it fills four fifths.
size_t RoomOf(size_t window) {
  return std::max<size_t>(40, static_cast<size_t>(2.5 * std::sqrt(static_cast<double>(window))));
}

// The values of ranks [first, first + count), in order. Those that leave their bands most often are
// of series that only rise or fall, and lie in order already.
void Select(const double* values, size_t size, size_t first, size_t count,
            std::vector<double>& out) {
  const double* end = values + size;
  if (std::is_sorted(values, end, QuantileOrder)) {
    out.assign(values + first, values + first + count);
    return;
  }
  const auto falling = std::make_reverse_iterator(end);
  if (std::is_sorted(falling, std::make_reverse_iterator(values), QuantileOrder)) {
    const auto begin = falling + static_cast<std::ptrdiff_t>(first);
    out.assign(begin, begin + static_cast<std::ptrdiff_t>(count));
    return;
  }
  std::vector<double> all(values, end);
  const auto from = all.begin() + static_cast<std::ptrdiff_t>(first);
  const auto to = from + static_cast<std::ptrdiff_t>(count);
  if (first > 0) std::nth_element(all.begin(), from, all.end(), QuantileOrder);
  if (to != all.end()) std::nth_element(from, to - 1, all.end(), QuantileOrder);
  std::sort(from, to, QuantileOrder);
  out.assign(from, to);
}

}  // namespace

void RankBand::Insert(double value) {
  ++entered_;
  Place(value);
}

void RankBand::Place(double value) {
  if (IsVoid() || IsBelow(value)) {
    ++below_;
    return;
  }
  if (IsAbove(value)) {
    ++above_;
    return;
  }
  if (band_.size() == band_.capacity()) {
    MakeRoom();
    return Place(value);  // which may lie outside now
  }
  band_.insert(std::upper_bound(band_.begin(), band_.end(), value, QuantileOrder), value);
  SetEnds();
}

void RankBand::Erase(double value) {
  if (IsVoid() || IsBelow(value)) {
    --below_;
    return;
  }
  if (IsAbove(value)) {
    --above_;
    return;
  }
  band_.erase(std::lower_bound(band_.begin(), band_.end(), value, QuantileOrder));
  if (band_.empty()) return MakeVoid();
  SetEnds();
}

void RankBand::MakeVoid() {
  below_ = static_cast<uint32_t>(size());
  above_ = 0;
  band_.clear();
}

// Gives up the end that is farther from what was asked for, once the band is as long as it may be.
// If nothing was asked for yet, a whole window is being read in: both ends are as good, and the
// band will be chosen later.
void RankBand::MakeRoom() {
  const size_t capacity = band_.capacity(), room = RoomOf(size() + 1);
  if (capacity < room) {
    band_.reserve(std::min(room, capacity + capacity / 2 + 8));
  } else if (wanted_ == kNever) {
    MakeVoid();
  } else if (wanted_ < below_ + band_.size() / 2) {
    band_.pop_back();
    ++above_;
    SetEnds();
  } else {
    band_.erase(band_.begin());
    ++below_;
    SetEnds();
  }
}

// Twice as much as before, up to four times the usual, if the rank left the band soon.
size_t RankBand::NextRoom() const {
  const size_t usual = RoomOf(size());
  if (entered_ >= 2 * band_.capacity()) return usual;
  return std::clamp(2 * band_.capacity(), usual, 4 * usual);
}

void RankBand::Choose(const double* values, size_t rank, size_t row) {
  const size_t size = this->size(), room = NextRoom();
  const size_t width = std::min(size, room - room / 5);
  // Where the rank went it may go on, so most of the band lies there; how much of it differs from
  // row to row, so that rows which move alike do not all choose at one time.
  const size_t behind = width / 4 + row * 37 % (width / 4 + 1);
  const size_t before = rank < below_ ? width - std::min(width, behind + 1) : behind;
  const size_t first = std::min(rank - std::min(rank, before), size - width);

  band_ = std::vector<double>();  // the room may be smaller than before
  band_.reserve(room);
  Select(values, size, first, width, band_);
  entered_ = 0;
  below_ = static_cast<uint32_t>(first);
  above_ = static_cast<uint32_t>(size - first - width);
  SetEnds();
}

}  // namespace tocsin::engine
