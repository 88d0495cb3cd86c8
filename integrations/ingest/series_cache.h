#pragma once

#include <cstddef>
#include <span>

#include "absl/container/flat_hash_map.h"
#include "absl/numeric/int128.h"
#include "base/mutex.h"
#include "base/sample.h"

namespace tocsin::ingest {

struct KnownSeries {
  SeriesRef ref = 0;      // 0: not known
  uint64_t start_ns = 0;  // the newest start of counting that was told of it; 0: none
};

// Remembers which series the bytes of a request named: 128-bit hash of those bytes -> reference. A
// known series then costs a hash and a look-up instead of decoding its labels.
//
// Equal hashes are taken for equal bytes: two different series meet with probability 2^-128; a
// sender who crafts a collision mixes up only series it could as well have sent.
//
// Bounded: entries live in two generations of at most `entries_max` each. When the younger is full
// it becomes the elder and what was in the elder and not asked for since is forgotten; a forgotten
// series is resolved again.
//
// Thread: any.
class SeriesCache {
 public:
  explicit SeriesCache(size_t entries_max) : entries_max_(entries_max) {}

  // refs[i] becomes the reference of keys[i], 0 if unknown. Many at once, since one lock is taken
  // per call.
  void Find(std::span<const absl::uint128> keys, std::span<SeriesRef> refs);
  void Find(std::span<const absl::uint128> keys, std::span<KnownSeries> found);
  void Insert(absl::uint128 key, SeriesRef ref);
  // Remembers a start of a known series' counting; false if it is not newer than the one that is
  // remembered.
  bool Advance(absl::uint128 key, SeriesRef ref, uint64_t start_ns);
  // What was told with the starts of these series did not become durable: the next who tells them
  // tells something new.
  void ForgetStarts(std::span<const absl::uint128> keys);
  size_t size() const;

 private:
  struct Identity {  // keys are hashes already
    size_t operator()(absl::uint128 key) const { return absl::Uint128Low64(key); }
  };
  using Map = absl::flat_hash_map<absl::uint128, KnownSeries, Identity>;

  template <typename Found, typename Take>
  void FindAll(std::span<const absl::uint128> keys, std::span<Found> found, Take take);
  KnownSeries& Slot(absl::uint128 key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Constant after construction.
  const size_t entries_max_;

  // Guarded by mutex_.
  mutable Mutex mutex_;
  Map young_ ABSL_GUARDED_BY(mutex_);
  Map old_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::ingest
