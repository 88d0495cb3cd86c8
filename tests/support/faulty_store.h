#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "base/mutex.h"
#include "storage/store.h"

namespace tocsin::storage {

// Forwards to another store and misbehaves on request, as disks and machines do. Production code
// cannot tell.
//
// Thread: any, but Crash() only while nobody else uses the store. Borrows the inner store.
class FaultyStore : public Store {
 public:
  explicit FaultyStore(Store& inner) : inner_(inner) {}

  enum class Fault {
    kRefused,  // fails, nothing was written
    kTorn,     // fails, but everything was written: the reply was lost
    kDies,     // fails as kRefused, and so does everything after it until Crash()
    kDiesTorn  // the same, but this write was written
  };
  // Write number `nth` (1 is the next one) fails with Unavailable.
  void FailWrite(uint64_t nth, Fault fault);
  // Until switched off, every write fails with Unavailable.
  void SetDiskFull(bool full) { SetWriteBytesMax(full ? 0 : UINT64_MAX); }
  // A disk that is nearly full: larger writes (keys and values together) fail with Unavailable.
  void SetWriteBytesMax(uint64_t bytes);
  // Reading this key, by Get or Scan, gives these bytes instead of what is stored.
  void Corrupt(Family family, const std::string& key, std::string value);

  // The machine loses power: of the writes since the last synced one only the first `kept` remain.
  // Afterwards the store works again: it is what the next process finds.
  void Crash(size_t kept = 0);
  size_t unsynced() const;  // writes a crash may take
  bool dead() const;        // by kDies or kDiesTorn
  uint64_t writes() const;  // asked for so far

  absl::Status Write(const WriteBatch& batch, Durability durability) override;
  absl::StatusOr<std::optional<std::string>> Get(Family family,
                                                 absl::string_view key) const override;
  absl::Status Scan(Family family, absl::string_view begin, absl::string_view end,
                    const Visitor& fn) const override;

 private:
  absl::Status Apply(const WriteBatch& batch, Durability durability)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  const std::string* Replacement(Family family, absl::string_view key) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Store& inner_;

  // Guarded by mutex_, which is also held while writing: undo must match what was there.
  mutable Mutex mutex_;
  uint64_t writes_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t write_bytes_max_ ABSL_GUARDED_BY(mutex_) = UINT64_MAX;
  bool dead_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<uint64_t, Fault> faults_ ABSL_GUARDED_BY(mutex_);  // by number of the write
  std::vector<WriteBatch> undo_ ABSL_GUARDED_BY(mutex_);      // of each unsynced write
  std::map<std::pair<Family, std::string>, std::string> corrupt_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::storage
