#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "base/labels.h"
#include "base/sample.h"
#include "base/timestamp.h"
#include "engine/query/query_engine.h"
#include "engine/query/series_table.h"
#include "storage/sample_log.h"

namespace tocsin::engine {

// A shard's samples: which of all series its rules want, and their windows. Everything else passes
// by at the cost of one array look-up per sample.
//
// Thread: one at a time.
class WindowStore {
 public:
  using LabelsOf = std::function<Labels(SeriesRef)>;
  using Added = std::function<void(SeriesTable::Slot, const Labels&)>;

  // `selectors` decides who is wanted; `added` hears of each series that gets a slot. Borrows the
  // table.
  WindowStore(SeriesTable& table, std::shared_ptr<const SelectorIndex> selectors,
              LabelsOf labels_of, Added added);

  // Puts in one sample; nullopt if no rule wants its series. A late, repeated or outdated sample is
  // settled by the table.
  struct Applied {
    SeriesTable::Slot slot;
    AppendResult result;
  };
  std::optional<Applied> Apply(SeriesRef ref, int64_t time_ms, double value);
  // The same for sample `i` of a batch, which may be a native histogram.
  std::optional<Applied> Apply(const SampleBatch& samples, size_t i);

  // Applies all samples that are dated at or after `oldest`, and with LoadMore() those that came
  // after them. `ahead`: how long before the time it is dated a sample may have been committed.
  absl::Status Load(const storage::SampleLog& log, Timestamp oldest, absl::Duration ahead);
  absl::Status LoadMore(const storage::SampleLog& log);

  // Some rule wants this series.
  bool Wants(SeriesRef ref) { return SlotOf(ref).has_value(); }

  // The first samples of a series may come with its labels at hand.
  void Introduce(SeriesRef ref, const Labels& labels);

  // The table gave up the series of these slots. A sample that comes later is that of a new one.
  void Forget(const std::vector<SeriesTable::Slot>& slots);

 private:
  static constexpr uint32_t kUnknown = UINT32_MAX;
  static constexpr uint32_t kUnwanted = UINT32_MAX - 1;
  static constexpr SeriesRef kNoRef = 0;

  // nullopt: no rule wants it.
  std::optional<SeriesTable::Slot> SlotOf(SeriesRef ref);
  absl::Status LoadBlocks(const storage::SampleLog& log);
  absl::Status LoadRecords(const storage::SampleLog& log);
  void ApplyAll(const SampleBatch& samples);

  SeriesTable& table_;
  const std::shared_ptr<const SelectorIndex> selectors_;
  const LabelsOf labels_of_;
  const Added added_;
  std::vector<uint32_t> slot_of_ref_;
  std::vector<SeriesRef> ref_of_slot_;  // the only one that leads to this slot
  uint64_t loaded_to_ = 0;              // offset in the log
  Timestamp oldest_;                    // what is dated before is not loaded
};

}  // namespace tocsin::engine
