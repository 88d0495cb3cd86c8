#include "integrations/ingest/series_cache.h"

#include <utility>

#include "base/check.h"

namespace tocsin::ingest {
namespace {

// Far enough to hide a miss of the memory cache, near enough not to be evicted again.
constexpr size_t kPrefetchAhead = 8;

}  // namespace

template <typename Found, typename Take>
void SeriesCache::FindAll(std::span<const absl::uint128> keys, std::span<Found> found, Take take) {
  TOCSIN_CHECK(keys.size() == found.size());
  MutexLock lock(mutex_);
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i + kPrefetchAhead < keys.size()) young_.prefetch(keys[i + kPrefetchAhead]);
    if (const auto young = young_.find(keys[i]); young != young_.end()) [[likely]] {
      found[i] = take(young->second);
      continue;
    }
    const auto old = old_.find(keys[i]);
    if (old == old_.end()) {
      found[i] = Found();
      continue;
    }
    const KnownSeries series = old->second;
    Slot(keys[i]) = series;
    found[i] = take(series);
  }
}

void SeriesCache::Find(std::span<const absl::uint128> keys, std::span<SeriesRef> refs) {
  FindAll(keys, refs, [](const KnownSeries& series) { return series.ref; });
}

void SeriesCache::Find(std::span<const absl::uint128> keys, std::span<KnownSeries> found) {
  FindAll(keys, found, [](const KnownSeries& series) { return series; });
}

void SeriesCache::Insert(absl::uint128 key, SeriesRef ref) {
  MutexLock lock(mutex_);
  Slot(key).ref = ref;
}

bool SeriesCache::Advance(absl::uint128 key, SeriesRef ref, uint64_t start_ns) {
  MutexLock lock(mutex_);
  KnownSeries& series = Slot(key);
  series.ref = ref;
  if (start_ns <= series.start_ns) return false;
  series.start_ns = start_ns;
  return true;
}

void SeriesCache::ForgetStarts(std::span<const absl::uint128> keys) {
  MutexLock lock(mutex_);
  for (const absl::uint128 key : keys) {
    for (Map* map : {&young_, &old_}) {
      if (const auto known = map->find(key); known != map->end()) known->second.start_ns = 0;
    }
  }
}

KnownSeries& SeriesCache::Slot(absl::uint128 key) {
  if (young_.size() >= entries_max_ && !young_.contains(key)) {
    old_ = std::move(young_);
    young_ = Map();
  }
  return young_[key];
}

size_t SeriesCache::size() const {
  MutexLock lock(mutex_);
  return young_.size() + old_.size();
}

}  // namespace tocsin::ingest
