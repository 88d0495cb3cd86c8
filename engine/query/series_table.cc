#include "engine/query/series_table.h"

#include <algorithm>
#include <utility>

namespace tocsin::engine {

SeriesTable::SeriesTable() = default;
SeriesTable::~SeriesTable() = default;

SeriesTable::Slot SeriesTable::FindOrAdd(const Labels& labels) {
  const auto [it, added] =
      slots_.try_emplace(labels.Fingerprint(), static_cast<Slot>(columns_.size()));
  if (added) {
    labels_.push_back(labels);
    columns_.emplace_back();
    newest_times_.push_back(INT64_MIN);
    newest_values_.push_back(0);
    versions_.push_back(0);
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
  if (result != AppendResult::kAppended && result != AppendResult::kInserted) return result;
  if (result == AppendResult::kAppended) {
    newest_times_[slot] = time_ms;
    newest_values_[slot] = value;
  }
  ++versions_[slot];
  ++changes_;
  oldest_change_ms_ = std::min(oldest_change_ms_, time_ms);
  return result;
}

void SeriesTable::Trim(Slot slot, int64_t keep_after_ms) {
  columns_[slot].Trim(keep_after_ms);
}

std::shared_ptr<SeriesTable::Watch> SeriesTable::MakeWatch() {
  std::shared_ptr<Watch> watch(new Watch(*this));
  watches_.push_back(watch);
  return watch;
}

int64_t SeriesTable::Watch::TakeOldest() {
  const int64_t change = std::exchange(table_.oldest_change_ms_, INT64_MAX);
  if (change != INT64_MAX) {
    std::erase_if(table_.watches_, [&](const std::weak_ptr<Watch>& other) {
      const auto watch = other.lock();
      if (watch != nullptr) watch->oldest_ms_ = std::min(watch->oldest_ms_, change);
      return watch == nullptr;
    });
  }
  return std::exchange(oldest_ms_, INT64_MAX);
}

}  // namespace tocsin::engine
