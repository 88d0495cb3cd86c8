#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/labels.h"
#include "base/timestamp.h"

namespace tocsin::engine {

enum class AppendResult {
  kAppended,   // newest sample of its series
  kInserted,   // late, put into its place; windows that had passed it are recomputed
  kDuplicate,  // there is a sample at this time already; the first one stays
  kTooOld,     // before everything that is still kept
};

// Samples of the series that some query wants, as columns per series in order of time. A slot numbers a series
// within the table and stays valid as long as the table lives.
//
// Thread: one at a time (a shard owns its table). Memory: 16 bytes a sample kept, see Trim().
class SeriesTable {
 public:
  using Slot = uint32_t;

  SeriesTable();
  ~SeriesTable();

  // The slot of the series with these labels, added if new.
  Slot FindOrAdd(const Labels& labels);
  std::optional<Slot> Find(const Labels& labels) const;

  AppendResult Append(Slot slot, int64_t time_ms, double value);

  // Samples at or before `keep_after_ms` of this series are no longer needed; memory is freed lazily and in bulk.
  // The newest sample is always kept.
  void Trim(Slot slot, int64_t keep_after_ms);

  size_t size() const;
  const Labels& labels(Slot slot) const;
  // Ascending times. The spans are valid until the next Append or Trim of this slot.
  std::span<const int64_t> times(Slot slot) const;
  std::span<const double> values(Slot slot) const;
  // Samples cut off the front so far: position in the whole series = dropped(slot) + index in the spans.
  uint64_t dropped(Slot slot) const;
  // Grows when samples were inserted late: positions taken before are void.
  uint64_t rewrites(Slot slot) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tocsin::engine
