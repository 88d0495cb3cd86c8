#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "base/timestamp.h"
#include "storage/store.h"

namespace tocsin::storage {

// Samples that left the log, as chunks per series in family `chunks`.
struct Block {
  uint64_t first_offset = 0;  // of the log it was made of; the block goes by it
  uint64_t end_offset = 0;    // the first one behind it
  Timestamp first_committed;
  Timestamp last_committed;
  Timestamp oldest;  // of its samples, if there are any
  Timestamp newest;
  uint64_t samples = 0;
  uint64_t chunks = 0;
  uint64_t bytes = 0;  // of keys and values

  bool Overlaps(Timestamp from, Timestamp to) const {
    return samples > 0 && oldest <= to && newest >= from;
  }
};

// Which blocks there are, in order of offset (meta "block/"). What is not listed here does not
// exist: chunks of a block that was not finished are removed at open.
//
// Thread: Add and Remove by one thread at a time; List by any.
class BlockIndex {
 public:
  // Errors: DataLoss (a record does not decode), those of the store.
  absl::Status Recover(Store& store);

  std::vector<Block> List() const;
  // Puts the change into `batch`; Add() and RemoveBefore() are for when that was written.
  static void PutAdded(const Block& block, WriteBatch& batch);
  static void PutRemoved(const Block& block, WriteBatch& batch);
  void Add(const Block& block);
  // Of the blocks that end at or before this offset.
  void RemoveBefore(uint64_t end_offset);

 private:
  mutable Mutex mutex_;
  std::vector<Block> blocks_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::storage
