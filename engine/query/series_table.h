#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/numeric/int128.h"
#include "base/labels.h"
#include "base/native_histogram.h"
#include "base/timestamp.h"
#include "engine/query/column_histograms.h"

namespace tocsin::engine {

enum class AppendResult {
  kAppended,   // newest sample of its series
  kInserted,   // late, put into its place; windows that had passed it are recomputed
  kDuplicate,  // there is a sample at this time already; the first one stays
  kTooOld,     // before everything that is still kept
};

// The samples of one series: times and values in one block, in order of time. Trimming only moves
// `head`; the block is compacted when an append needs the room, so a sample is moved a bounded
// number of times.
class Column {
 public:
  const int64_t* times() const { return times_.get() + head_; }
  const double* values() const {
    return reinterpret_cast<const double*>(times_.get() + capacity_) + head_;
  }
  size_t size() const { return size_; }
  uint64_t dropped() const { return dropped_; }
  uint32_t rewrites() const { return rewrites_; }

  AppendResult Append(int64_t time_ms, double value);
  // The histogram is marked as StoredCounterReset() says.
  AppendResult Append(int64_t time_ms, HistogramPtr histogram);
  void Trim(int64_t keep_after_ms);
  size_t capacity() const { return capacity_; }
  // The samples that are histograms, numbered by their position in the whole series; null: none.
  const ColumnHistograms* histograms() const { return histograms_.get(); }

 private:
  int64_t* mutable_times() { return times_.get() + head_; }
  double* mutable_values() { return reinterpret_cast<double*>(times_.get() + capacity_) + head_; }
  void MakeRoom();
  void Reallocate(uint32_t capacity);
  AppendResult Insert(int64_t time_ms, double value);

  std::unique_ptr<ColumnHistograms> histograms_;
  std::unique_ptr<int64_t[]> times_;  // capacity_ times, then capacity_ values
  uint32_t capacity_ = 0;
  uint32_t head_ = 0;
  uint32_t size_ = 0;
  uint32_t rewrites_ = 0;
  uint64_t dropped_ = 0;
  int64_t trimmed_ms_ = INT64_MIN;  // no sample at or before this is taken any more
};

// Samples of the series that some query wants, as columns per series in order of time. A slot
// numbers a series within the table and stays valid as long as the table lives.
//
// Thread: one at a time (a shard owns its table). Memory: 16 bytes a sample kept, see Trim(), plus
// up to half of that as room to grow; histograms besides.
class SeriesTable {
 public:
  using Slot = uint32_t;

  SeriesTable();
  ~SeriesTable();

  // The slot of the series with these labels, added if new.
  Slot FindOrAdd(const Labels& labels);
  std::optional<Slot> Find(const Labels& labels) const;

  AppendResult Append(Slot slot, int64_t time_ms, double value);
  AppendResult Append(Slot slot, int64_t time_ms, HistogramPtr histogram);

  // Samples at or before `keep_after_ms` of this series are no longer needed; memory is freed
  // lazily and in bulk. The newest sample is always kept.
  void Trim(Slot slot, int64_t keep_after_ms);

  size_t size() const { return columns_.size(); }
  const Labels& labels(Slot slot) const { return labels_[slot]; }
  // Ascending times. The spans are valid until the next Append or Trim of this slot.
  std::span<const int64_t> times(Slot slot) const {
    return {columns_[slot].times(), columns_[slot].size()};
  }
  std::span<const double> values(Slot slot) const {
    return {columns_[slot].values(), columns_[slot].size()};
  }
  // Samples cut off the front so far: position in the whole series = dropped(slot) + index in the
  // spans.
  uint64_t dropped(Slot slot) const { return columns_[slot].dropped(); }
  // Grows when samples were inserted late: positions taken before are void.
  uint64_t rewrites(Slot slot) const { return columns_[slot].rewrites(); }

  const Column& column(Slot slot) const { return columns_[slot]; }
  // Grows with every sample taken in: what was computed from the table before may be outdated.
  uint64_t changes() const { return changes_; }

 private:
  std::vector<Labels> labels_;
  std::vector<Column> columns_;
  absl::flat_hash_map<absl::uint128, Slot> slots_;  // by Labels::Fingerprint()
  uint64_t changes_ = 0;
};

}  // namespace tocsin::engine
