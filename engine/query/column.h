#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/container/inlined_vector.h"
#include "base/native_histogram.h"
#include "base/sample.h"
#include "engine/query/chunk.h"
#include "engine/query/column_histograms.h"

namespace tocsin::engine {

enum class AppendResult {
  kAppended,   // newest sample of its series
  kInserted,   // late, put into its place; windows that had passed it are recomputed
  kDuplicate,  // there is a sample at this time already; the first one stays
  kTooOld,     // before everything that is still kept
};
inline bool IsTaken(AppendResult result) {
  return result == AppendResult::kAppended || result == AppendResult::kInserted;
}

// The samples of one series, in order of time: the newest 8 as they came, the others in compressed
// chunks that grow to 32 samples, in a long column to 64; of a short window in one alone. A sample
// has a position, counted from the first the series ever had, that it keeps until a late one is put
// in before it.
//
// Reading one sample costs a few ns wherever it is. Memory: a sample among the newest 8 takes 12
// bytes, others what Chunk says; a sample is encoded about five times.
class Column {
 public:
  // Positions of the samples kept: [begin, end). Whole chunks are dropped, so a few samples before
  // what Trim() was told are kept too.
  uint32_t begin() const { return chunks_.empty() ? tail_begin_ : chunks_.front().first(); }
  uint32_t end() const { return tail_begin_ + tail_size_; }
  size_t size() const { return end() - begin(); }
  // Grows when samples were inserted, replaced or removed: positions taken before are void, unless
  // KeptBefore() says that of those.
  uint32_t rewrites() const { return rare_ == nullptr ? 0 : rare_->rewrites; }
  // Whether nothing before `position` changed since rewrites() was `since`. May say no although
  // that is so: what is remembered ends where a rewrite follows a call of TakeNote().
  bool KeptBefore(uint32_t position, uint32_t since) const {
    const uint32_t missed = rewrites() - since;
    return missed == 0 || (missed <= rare_->remembered && position <= rare_->rewritten_from);
  }
  // Who follows the column has seen what was rewritten so far.
  void TakeNote() const {
    if (rare_ != nullptr) rare_->noted = true;
  }

  // begin() <= position < end().
  [[gnu::always_inline]] Sample at(uint32_t position) const {
    if (position >= tail_begin_) return tail_->at(position - tail_begin_);
    const Chunk& chunk = ChunkOf(position);
    const size_t i = position - chunk.first();
    return {chunk.time(i), chunk.value(i)};
  }
  int64_t time(uint32_t position) const {
    if (position >= tail_begin_) return tail_->time(position - tail_begin_);
    const Chunk& chunk = ChunkOf(position);
    return chunk.time(position - chunk.first());
  }
  // Of a column that is not empty.
  Sample newest() const { return at(end() - 1); }

  // The first position whose sample is later than `time_ms`; end() if none is.
  uint32_t FirstAfter(int64_t time_ms) const;
  // Where the oldest samples are lies behind two pointers: who walks many columns asks for what the
  // first points to some columns ahead, and for the second's a few later.
  const void* Chunks() const { return chunks_.data(); }
  const uint8_t* OldestChunk() const { return chunks_.empty() ? nullptr : chunks_.front().block(); }

  // Samples [from, to) into arrays of that size.
  void Read(uint32_t from, uint32_t to, int64_t* times, double* values) const;
  // Calls fn(position, sample) for [from, to), in order.
  template <typename Fn>
  void ForEach(uint32_t from, uint32_t to, Fn&& fn) const {
    int64_t times[Chunk::kMaxSize];
    double values[Chunk::kMaxSize];
    while (from < to) {
      const uint32_t n = std::min<uint32_t>(to - from, Chunk::kMaxSize);
      Read(from, from + n, times, values);
      for (uint32_t i = 0; i < n; ++i) fn(from + i, Sample{times[i], values[i]});
      from += n;
    }
  }

  AppendResult Append(int64_t time_ms, double value);
  // A native histogram: marked as StoredCounterReset() says, or taken as it is.
  AppendResult Append(int64_t time_ms, const NativeHistogram& histogram);
  AppendResult AppendAsIs(int64_t time_ms, HistogramPtr histogram);
  // Makes the sample at this time, which is before the newest or equal to it, have this value.
  void Replace(int64_t time_ms, double value);
  // Takes out the sample at this time, if there is one.
  void Remove(int64_t time_ms);
  // Takes out all samples.
  void Clear();
  // The next sample that is newer than all others makes it take more memory.
  bool IsAboutToGrow() const { return tail_size_ == kTailSize; }
  // Samples at or before `keep_after_ms` are no longer needed. The newest is always kept.
  void Trim(int64_t keep_after_ms);

  // The samples that are native histograms, by position; their values are HistogramMark(). Null:
  // there are none.
  const ColumnHistograms* histograms() const {
    return rare_ == nullptr ? nullptr : rare_->histograms.get();
  }

  // Heap memory, without histograms and the allocator's share.
  size_t bytes() const;

 private:
  static constexpr uint32_t kTailSize = 8;
  static constexpr size_t kInlineChunks = 2;  // in the place of a pointer to more
  struct Tail {
    int64_t base = 0;             // times are relative to it
    uint32_t offsets[kTailSize];  // ms
    double values[kTailSize];

    int64_t time(size_t i) const { return base + offsets[i]; }
    Sample at(size_t i) const { return {time(i), values[i]}; }
  };

  // What most series never have.
  struct Rare {
    std::unique_ptr<ColumnHistograms> histograms;
    uint32_t rewrites = 0;
    uint32_t rewritten_from = 0;  // the smallest position that the last of them changed,
    uint16_t remembered = 0;      // so many
    bool noted = false;
  };

  Rare& MutableRare();
  AppendResult Take(int64_t time_ms, double value);
  [[gnu::always_inline]] const Chunk& ChunkOf(uint32_t position) const {
    const Chunk& oldest = chunks_.front();
    return position < oldest.end() ? oldest : LaterChunkOf(position);
  }
  const Chunk& LaterChunkOf(uint32_t position) const;
  // Of the sample at this time, which is there.
  uint32_t PositionOf(int64_t time_ms) const { return FirstAfter(time_ms) - 1; }
  // Null: there are none.
  ColumnHistograms* MutableHistograms() {
    return rare_ == nullptr ? nullptr : rare_->histograms.get();
  }
  ColumnHistograms& HistogramsToAddTo();
  void Push(int64_t time_ms, double value);
  size_t Outdated() const;
  void Seal();
  void JoinLastTwo();
  // Changes what is kept from the sample at or after `time_ms` on, by a function of the samples
  // there: times and values, which it edits.
  template <typename Edit>
  void Rewrite(int64_t time_ms, Edit&& edit);
  void Rewritten(uint32_t from);

  absl::InlinedVector<Chunk, kInlineChunks> chunks_;
  std::unique_ptr<Tail> tail_;
  std::unique_ptr<Rare> rare_;
  int64_t trimmed_ms_ = INT64_MIN;  // no sample at or before this is taken any more
  uint32_t tail_begin_ = 0;         // position
  uint8_t tail_size_ = 0;
};

}  // namespace tocsin::engine
