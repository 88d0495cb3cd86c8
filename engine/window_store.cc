#include "engine/window_store.h"

#include <algorithm>
#include <utility>

#include "base/grow.h"
#include "base/status_macros.h"

namespace tocsin::engine {

WindowStore::WindowStore(SeriesTable& table, std::shared_ptr<const SelectorIndex> selectors,
                         LabelsOf labels_of, Added added)
    : table_(table),
      selectors_(std::move(selectors)),
      labels_of_(std::move(labels_of)),
      added_(std::move(added)) {}

void WindowStore::Introduce(SeriesRef ref, const Labels& labels) {
  if (ref >= slot_of_ref_.size()) {
    ReserveGently(slot_of_ref_, ref + 1);
    slot_of_ref_.resize(ref + 1, kUnknown);
  }
  if (slot_of_ref_[ref] != kUnknown) return;
  if (selectors_->Match(labels) == 0) {
    slot_of_ref_[ref] = kUnwanted;
    return;
  }
  const SeriesTable::Slot slot = table_.FindOrAdd(labels);
  slot_of_ref_[ref] = slot;
  if (slot >= ref_of_slot_.size()) {
    ReserveGently(ref_of_slot_, slot + 1);
    ref_of_slot_.resize(slot + 1, kNoRef);
  }
  const SeriesRef before = std::exchange(ref_of_slot_[slot], ref);
  if (before != kNoRef) slot_of_ref_[before] = kUnknown;
  added_(slot, labels);
}

void WindowStore::Forget(const std::vector<SeriesTable::Slot>& slots) {
  for (SeriesTable::Slot slot : slots) {
    if (slot >= ref_of_slot_.size()) continue;
    const SeriesRef ref = std::exchange(ref_of_slot_[slot], kNoRef);
    if (ref != kNoRef) slot_of_ref_[ref] = kUnknown;
  }
}

std::optional<SeriesTable::Slot> WindowStore::SlotOf(SeriesRef ref) {
  if (ref >= slot_of_ref_.size() || slot_of_ref_[ref] == kUnknown) Introduce(ref, labels_of_(ref));
  const uint32_t slot = slot_of_ref_[ref];
  if (slot == kUnwanted) return std::nullopt;
  return slot;
}

std::optional<WindowStore::Applied> WindowStore::Apply(SeriesRef ref, int64_t time_ms,
                                                       double value) {
  const auto slot = SlotOf(ref);
  if (!slot) return std::nullopt;
  return Applied{*slot, table_.Append(*slot, time_ms, value)};
}

std::optional<WindowStore::Applied> WindowStore::Apply(const SampleBatch& samples, size_t i) {
  if (samples.histogram(i) == nullptr) {
    return Apply(samples.refs[i], samples.times_ms[i], samples.values[i]);
  }
  const auto slot = SlotOf(samples.refs[i]);
  if (!slot) return std::nullopt;
  return Applied{*slot, table_.Append(*slot, samples.times_ms[i], samples.histograms[i])};
}

void WindowStore::ApplyAll(const SampleBatch& samples) {
  for (size_t i = 0; i < samples.size(); ++i) {
    if (samples.times_ms[i] >= oldest_.millis()) Apply(samples, i);
  }
}

absl::Status WindowStore::Load(const storage::SampleLog& log, Timestamp oldest,
                               absl::Duration ahead) {
  const auto hold = log.HoldRecords();
  oldest_ = oldest;
  TOCSIN_RETURN_IF_ERROR(LoadBlocks(log));
  TOCSIN_ASSIGN_OR_RETURN(loaded_to_, log.SeekToTime(oldest - ahead));
  return LoadRecords(log);
}

absl::Status WindowStore::LoadMore(const storage::SampleLog& log) {
  const auto hold = log.HoldRecords();
  // What was a record is in a block by now: all of it comes again, which changes nothing.
  if (loaded_to_ < log.first_offset()) {
    TOCSIN_RETURN_IF_ERROR(LoadBlocks(log));
    loaded_to_ = log.first_offset();
  }
  return LoadRecords(log);
}

absl::Status WindowStore::LoadBlocks(const storage::SampleLog& log) {
  storage::BlockRead read;
  read.from_offset = loaded_to_;
  read.oldest = oldest_;
  read.wanted = [this](SeriesRef ref) { return Wants(ref); };
  return log.ReadBlocks(read, [this](const SampleBatch& samples) {
    ApplyAll(samples);
    return true;
  });
}

absl::Status WindowStore::LoadRecords(const storage::SampleLog& log) {
  return log.ReadFrom(loaded_to_, [this](const storage::LogRecord& record) {
    ApplyAll(record.samples);
    loaded_to_ = record.offset + 1;
    return true;
  });
}

}  // namespace tocsin::engine
