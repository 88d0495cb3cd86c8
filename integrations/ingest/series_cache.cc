#include "integrations/ingest/series_cache.h"

#include <utility>

#include "base/check.h"

namespace tocsin::ingest {
namespace {

// Far enough to hide a miss of the memory cache, near enough not to be evicted again.
constexpr size_t kPrefetchAhead = 8;

}  // namespace

void SeriesCache::Find(std::span<const absl::uint128> keys, std::span<SeriesRef> refs) {
  TOCSIN_CHECK(keys.size() == refs.size());
  MutexLock lock(mutex_);
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i + kPrefetchAhead < keys.size()) young_.prefetch(keys[i + kPrefetchAhead]);
    if (const auto young = young_.find(keys[i]); young != young_.end()) [[likely]] {
      refs[i] = young->second;
      continue;
    }
    const auto old = old_.find(keys[i]);
    refs[i] = old == old_.end() ? 0 : old->second;
    if (refs[i] != 0) InsertLocked(keys[i], refs[i]);
  }
}

void SeriesCache::Insert(absl::uint128 key, SeriesRef ref) {
  MutexLock lock(mutex_);
  InsertLocked(key, ref);
}

void SeriesCache::InsertLocked(absl::uint128 key, SeriesRef ref) {
  if (young_.size() >= entries_max_) {
    old_ = std::move(young_);
    young_ = Map();
  }
  young_[key] = ref;
}

size_t SeriesCache::size() const {
  MutexLock lock(mutex_);
  return young_.size() + old_.size();
}

}  // namespace tocsin::ingest
