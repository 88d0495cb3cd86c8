#include "engine/query/column.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/grow.h"

namespace tocsin::engine {
namespace {

// From this size on a column gives its chunks full size.
constexpr size_t kLongColumn = 2 * Chunk::kMaxSize;
constexpr size_t kUsualChunk = Chunk::kMaxSize / 2;
// Of a short window all that is needed stays one chunk, of up to this size.
constexpr size_t kOnlyChunk = 40;

bool FitsOneChunk(int64_t first_ms, int64_t last_ms) {
  return last_ms - first_ms <= int64_t{UINT32_MAX};
}

}  // namespace

const Chunk& Column::LaterChunkOf(uint32_t position) const {
  const auto after =
      std::upper_bound(chunks_.begin(), chunks_.end(), position,
                       [](uint32_t p, const Chunk& chunk) { return p < chunk.first(); });
  return *(after - 1);
}

// Windows look near their ends, which for most is the newest sample.
uint32_t Column::FirstAfter(int64_t time_ms) const {
  uint32_t i = tail_size_;
  while (i > 0 && tail_->time(i - 1) > time_ms) --i;
  if (i > 0 || chunks_.empty()) return tail_begin_ + i;
  const auto chunk = std::partition_point(
      chunks_.begin(), chunks_.end(), [&](const Chunk& c) { return c.newest_time() <= time_ms; });
  if (chunk == chunks_.end()) return tail_begin_;
  size_t low = 0, high = chunk->size();
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (chunk->time(middle) <= time_ms) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return chunk->first() + static_cast<uint32_t>(low);
}

void Column::Read(uint32_t from, uint32_t to, int64_t* times, double* values) const {
  auto chunk = std::partition_point(chunks_.begin(), chunks_.end(),
                                    [&](const Chunk& c) { return c.end() <= from; });
  for (; from < to && chunk != chunks_.end(); ++chunk) {
    if (chunk + 1 != chunks_.end()) __builtin_prefetch((chunk + 1)->block());
    const uint32_t end = std::min(to, chunk->end());
    chunk->Read(from - chunk->first(), end - chunk->first(), times, values);
    times += end - from;
    values += end - from;
    from = end;
  }
  for (; from < to; ++from) {
    const Sample sample = tail_->at(from - tail_begin_);
    *times++ = sample.time_ms;
    *values++ = sample.value;
  }
}

AppendResult Column::Append(int64_t time_ms, double value) {
  // Only a histogram may look like one.
  return Take(time_ms, IsHistogramMark(value) ? std::numeric_limits<double>::quiet_NaN() : value);
}

AppendResult Column::Take(int64_t time_ms, double value) {
  if (size() == 0 || time_ms > newest().time_ms) {
    if (time_ms <= trimmed_ms_) return AppendResult::kTooOld;
    Push(time_ms, value);
    return AppendResult::kAppended;
  }
  const uint32_t after = FirstAfter(time_ms);
  if (after > begin() && time(after - 1) == time_ms) return AppendResult::kDuplicate;
  if (time_ms <= trimmed_ms_) return AppendResult::kTooOld;
  Rewrite(time_ms, [&](std::vector<int64_t>& times, std::vector<double>& values) {
    const auto at = std::upper_bound(times.begin(), times.end(), time_ms);
    values.insert(values.begin() + (at - times.begin()), value);
    times.insert(at, time_ms);
  });
  if (auto* histograms = MutableHistograms()) histograms->MakeGap(PositionOf(time_ms));
  return AppendResult::kInserted;
}

Column::Rare& Column::MutableRare() {
  if (rare_ == nullptr) rare_ = std::make_unique<Rare>();
  return *rare_;
}

ColumnHistograms& Column::HistogramsToAddTo() {
  std::unique_ptr<ColumnHistograms>& histograms = MutableRare().histograms;
  if (histograms == nullptr) histograms = std::make_unique<ColumnHistograms>();
  return *histograms;
}

AppendResult Column::Append(int64_t time_ms, const NativeHistogram& histogram) {
  const AppendResult result = Take(time_ms, HistogramMark());
  if (IsTaken(result)) HistogramsToAddTo().Set(PositionOf(time_ms), histogram);
  return result;
}

AppendResult Column::AppendAsIs(int64_t time_ms, HistogramPtr histogram) {
  const AppendResult result = Take(time_ms, HistogramMark());
  if (IsTaken(result)) HistogramsToAddTo().SetAsIs(PositionOf(time_ms), std::move(histogram));
  return result;
}

void Column::Replace(int64_t time_ms, double value) {
  const uint32_t position = PositionOf(time_ms);
  if (auto* histograms = MutableHistograms()) histograms->Erase(position);
  if (position >= tail_begin_) {
    tail_->values[position - tail_begin_] = value;
    return Rewritten(position);
  }
  Rewrite(time_ms, [&](std::vector<int64_t>& times, std::vector<double>& values) {
    const auto at = std::lower_bound(times.begin(), times.end(), time_ms);
    values[at - times.begin()] = value;
  });
}

void Column::Remove(int64_t time_ms) {
  const uint32_t after = FirstAfter(time_ms);
  if (after == begin() || time(after - 1) != time_ms) return;
  if (auto* histograms = MutableHistograms()) histograms->CloseGap(after - 1);
  Rewrite(time_ms, [&](std::vector<int64_t>& times, std::vector<double>& values) {
    const auto at = std::lower_bound(times.begin(), times.end(), time_ms);
    values.erase(values.begin() + (at - times.begin()));
    times.erase(at);
  });
}

void Column::Clear() {
  chunks_.clear();
  if (rare_ != nullptr) rare_->histograms.reset();
  tail_begin_ = tail_size_ = 0;
  trimmed_ms_ = INT64_MIN;
  Rewritten(0);
}

void Column::Rewritten(uint32_t from) {
  Rare& rare = MutableRare();
  if (std::exchange(rare.noted, false)) rare.remembered = 0;
  rare.rewritten_from = rare.remembered == 0 ? from : std::min(rare.rewritten_from, from);
  if (rare.remembered < UINT16_MAX) ++rare.remembered;
  ++rare.rewrites;
}

void Column::Push(int64_t time_ms, double value) {
  if (tail_ == nullptr) tail_ = std::make_unique<Tail>();
  const bool far = tail_size_ > 0 && time_ms - tail_->base > int64_t{UINT32_MAX};
  if (tail_size_ == kTailSize || far) Seal();
  if (tail_size_ == 0) tail_->base = time_ms;
  tail_->offsets[tail_size_] = static_cast<uint32_t>(time_ms - tail_->base);
  tail_->values[tail_size_] = value;
  ++tail_size_;
}

// How many of the last chunk's samples nobody needs any more. Of a chunk behind another none.
size_t Column::Outdated() const {
  if (chunks_.size() != 1) return 0;
  const Chunk& chunk = chunks_.front();
  size_t n = 0;
  while (n < chunk.size() && chunk.time(n) <= trimmed_ms_) ++n;
  return n;
}

// The tail becomes part of the last chunk or one of its own. A larger chunk shares its header among
// more samples, but stays until its last is too old: so only a long column has the largest, and one
// that is an only chunk anyway loses what is outdated on the way.
void Column::Seal() {
  int64_t times[kOnlyChunk];
  double values[kOnlyChunk];
  const size_t outdated = Outdated();
  const size_t most = outdated > 0 ? kOnlyChunk : kUsualChunk;
  const bool joins = !chunks_.empty() && chunks_.back().size() - outdated + tail_size_ <= most &&
                     FitsOneChunk(chunks_.back().time(0), tail_->time(tail_size_ - 1));
  const size_t before = joins ? chunks_.back().size() - outdated : 0;
  if (joins) chunks_.back().Read(outdated, outdated + before, times, values);
  for (size_t i = 0; i < tail_size_; ++i) {
    times[before + i] = tail_->time(i);
    values[before + i] = tail_->values[i];
  }
  Chunk chunk = Chunk::Encode(times, values, before + tail_size_,
                              tail_begin_ - static_cast<uint32_t>(before));
  if (joins) {
    chunks_.back() = std::move(chunk);
    if (auto* histograms = MutableHistograms()) histograms->TrimBefore(begin());
  } else {
    ReserveGently(chunks_, chunks_.size() + 1);
    chunks_.push_back(std::move(chunk));
  }
  tail_begin_ += tail_size_;
  tail_size_ = 0;
  if (size() >= kLongColumn && chunks_.back().size() == kUsualChunk) JoinLastTwo();
}

// If they fit.
void Column::JoinLastTwo() {
  if (chunks_.size() < 2) return;
  const Chunk& left = chunks_[chunks_.size() - 2];
  const Chunk& right = chunks_.back();
  const size_t joined = left.size() + right.size();
  if (joined > Chunk::kMaxSize || !FitsOneChunk(left.time(0), right.newest_time())) return;
  int64_t times[Chunk::kMaxSize];
  double values[Chunk::kMaxSize];
  const uint32_t first = left.first();
  left.Read(0, left.size(), times, values);
  right.Read(0, right.size(), times + left.size(), values + left.size());
  chunks_.pop_back();
  chunks_.back() = Chunk::Encode(times, values, joined, first);
}

template <typename Edit>
void Column::Rewrite(int64_t time_ms, Edit&& edit) {
  const auto chunk = std::partition_point(
      chunks_.begin(), chunks_.end(), [&](const Chunk& c) { return c.newest_time() < time_ms; });
  const uint32_t first = chunk == chunks_.end() ? tail_begin_ : chunk->first();
  const uint32_t from = FirstAfter(time_ms - 1);
  std::vector<int64_t> times(end() - first);
  std::vector<double> values(end() - first);
  Read(first, end(), times.data(), values.data());
  edit(times, values);
  chunks_.erase(chunk, chunks_.end());
  tail_begin_ = first;
  tail_size_ = 0;
  for (size_t i = 0; i < times.size(); ++i) Push(times[i], values[i]);
  Rewritten(from);
}

void Column::Trim(int64_t keep_after_ms) {
  if (keep_after_ms <= trimmed_ms_) return;
  trimmed_ms_ = keep_after_ms;
  if (chunks_.empty() || chunks_.front().newest_time() > keep_after_ms) return;
  const auto keep = std::partition_point(chunks_.begin(), chunks_.end(), [&](const Chunk& c) {
    return c.newest_time() <= keep_after_ms;
  });
  chunks_.erase(chunks_.begin(), keep);
  if (chunks_.empty()) chunks_.shrink_to_fit();
  if (auto* histograms = MutableHistograms()) histograms->TrimBefore(begin());
}

size_t Column::bytes() const {
  size_t bytes = (tail_ ? sizeof(Tail) : 0) + (rare_ ? sizeof(Rare) : 0);
  if (chunks_.capacity() > kInlineChunks) bytes += chunks_.capacity() * sizeof(Chunk);
  for (const Chunk& chunk : chunks_) bytes += chunk.bytes();
  return bytes;
}

}  // namespace tocsin::engine
