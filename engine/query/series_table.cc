#include "engine/query/series_table.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/sample.h"

namespace tocsin::engine {
namespace {

constexpr uint32_t kFirstCapacity = 4;
// Trimmed blocks at least this large are given back when three quarters of them are unused.
constexpr uint32_t kShrinkCapacity = 32;

}  // namespace

void Column::Reallocate(uint32_t capacity) {
  TOCSIN_CHECK(capacity >= size_) << "column of " << size_ << " into " << capacity;
  auto block = std::make_unique_for_overwrite<int64_t[]>(size_t{capacity} * 2);
  if (size_ > 0) {
    std::memcpy(block.get(), times(), size_ * sizeof(int64_t));
    std::memcpy(block.get() + capacity, values(), size_ * sizeof(double));
  }
  times_ = std::move(block);
  capacity_ = capacity;
  head_ = 0;
}

// Room for one more at the end. Compacts if that frees at least a fifth, so that each sample is
// moved about four times at most in a steady stream; grows by half otherwise.
void Column::MakeRoom() {
  if (head_ + size_ < capacity_) return;
  if (head_ > 0 && head_ >= capacity_ / 5) {
    std::memmove(times_.get(), times(), size_ * sizeof(int64_t));
    std::memmove(times_.get() + capacity_, values(), size_ * sizeof(double));
    head_ = 0;
    return;
  }
  Reallocate(std::max(kFirstCapacity, size_ + size_ / 2 + 1));
}

AppendResult Column::Append(int64_t time_ms, double value) {
  if (size_ > 0 && time_ms <= times()[size_ - 1]) return Insert(time_ms, value);
  if (size_ == 0 && time_ms <= trimmed_ms_) return AppendResult::kTooOld;
  MakeRoom();
  mutable_times()[size_] = time_ms;
  mutable_values()[size_] = value;
  ++size_;
  return AppendResult::kAppended;
}

AppendResult Column::Insert(int64_t time_ms, double value) {
  const size_t at = std::lower_bound(times(), times() + size_, time_ms) - times();
  if (times()[at] == time_ms) return AppendResult::kDuplicate;
  if (time_ms <= trimmed_ms_) return AppendResult::kTooOld;
  MakeRoom();
  const size_t after = size_ - at;
  std::memmove(mutable_times() + at + 1, times() + at, after * sizeof(int64_t));
  std::memmove(mutable_values() + at + 1, values() + at, after * sizeof(double));
  mutable_times()[at] = time_ms;
  mutable_values()[at] = value;
  ++size_;
  ++rewrites_;
  if (histograms_ != nullptr) histograms_->MakeGap(dropped_ + at);
  return AppendResult::kInserted;
}

AppendResult Column::Append(int64_t time_ms, HistogramPtr histogram) {
  const AppendResult result = Append(time_ms, HistogramMark());
  if (result != AppendResult::kAppended && result != AppendResult::kInserted) return result;
  const size_t at = std::lower_bound(times(), times() + size_, time_ms) - times();
  if (histograms_ == nullptr) histograms_ = std::make_unique<ColumnHistograms>();
  histograms_->Set(dropped_ + at, *histogram);
  return result;
}

void Column::Trim(int64_t keep_after_ms) {
  trimmed_ms_ = std::max(trimmed_ms_, keep_after_ms);
  uint32_t cut = 0;
  while (cut + 1 < size_ && times()[cut] <= keep_after_ms) ++cut;
  head_ += cut;
  size_ -= cut;
  dropped_ += cut;
  if (histograms_ != nullptr) histograms_->TrimBefore(dropped_);
  if (capacity_ >= kShrinkCapacity && size_ < capacity_ / 4) Reallocate(size_ + size_ / 2 + 1);
}

SeriesTable::SeriesTable() = default;
SeriesTable::~SeriesTable() = default;

SeriesTable::Slot SeriesTable::FindOrAdd(const Labels& labels) {
  const auto [it, added] =
      slots_.try_emplace(labels.Fingerprint(), static_cast<Slot>(columns_.size()));
  if (added) {
    labels_.push_back(labels);
    columns_.emplace_back();
  }
  return it->second;
}

std::optional<SeriesTable::Slot> SeriesTable::Find(const Labels& labels) const {
  const auto it = slots_.find(labels.Fingerprint());
  if (it == slots_.end()) return std::nullopt;
  return it->second;
}

AppendResult SeriesTable::Append(Slot slot, int64_t time_ms, double value) {
  const AppendResult result = columns_[slot].Append(time_ms, value);
  if (result == AppendResult::kAppended || result == AppendResult::kInserted) ++changes_;
  return result;
}

AppendResult SeriesTable::Append(Slot slot, int64_t time_ms, HistogramPtr histogram) {
  const AppendResult result = columns_[slot].Append(time_ms, std::move(histogram));
  if (result == AppendResult::kAppended || result == AppendResult::kInserted) ++changes_;
  return result;
}

void SeriesTable::Trim(Slot slot, int64_t keep_after_ms) {
  columns_[slot].Trim(keep_after_ms);
}

}  // namespace tocsin::engine
