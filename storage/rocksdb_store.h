#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "storage/store.h"

namespace rocksdb {
class Env;
}

namespace tocsin::storage {

struct RocksdbOptions {
  // Write-ahead log kept before memtables are flushed: bounds the disk it takes and the time to
  // open after a crash.
  uint64_t wal_bytes_max = 128 << 20;
  // Memtables of all families together.
  uint64_t memtable_bytes_max = 96 << 20;
  uint64_t block_cache_bytes = 32 << 20;
  // With less free space than this on the volume, batches that add to the log are refused, all
  // others are not: samples stop while alerts, pages and retention go on. Room for the memtables,
  // which recovery from an error flushes.
  uint64_t log_free_bytes_min = 128 << 20;
  // Where files live; nullptr is the real file system. Borrowed. Tests inject faults with it.
  rocksdb::Env* env = nullptr;
};

// A store whose files can be copied while it is in use.
class DiskStore : public Store {
 public:
  // Makes PATH, which must not exist, a database of its own with everything that was written before
  // the call, and perhaps a part of what is written meanwhile, each batch whole; on disk when it
  // returns. Table files are shared (hard links) where PATH is on the same volume, so it is quick
  // and takes little room at first; the shared files stay as long as one of both needs them.
  //
  // Thread: any. Errors: as Write; an unfinished PATH is removed.
  virtual absl::Status Checkpoint(const std::string& path) = 0;
};

// Opens, or creates, the database of a data directory: RocksDB in PATH/db (mode 0700) and
// PATH/lock, which keeps a second process out for as long as the Store lives.
//
// A volume that fills up refuses samples first (RocksdbOptions::log_free_bytes_min), all of it as
// Unavailable. After a failed write (disk full) later writes first try to bring RocksDB back into
// service, so the caller only has to try again. A start on a full volume uses PATH/reserve, see
// DiskReserve.
//
// Errors: FailedPrecondition (in use by another process; a format newer than this program, in which
// case nothing is touched; a restore that was interrupted, see data_directory.h), DataLoss
// (corrupt), Unavailable (I/O), PermissionDenied.
absl::StatusOr<std::unique_ptr<DiskStore>> OpenRocksdbStore(const std::string& path,
                                                            const RocksdbOptions& options = {});

}  // namespace tocsin::storage
