#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/rocksdb_store.h"
#include "storage/store.h"

namespace tocsin::storage {

// Opens the database of a data directory to look at it. Not a byte of the directory changes and no
// lock is taken, so a service may run on it meanwhile: what is seen is its state at the time of the
// call, and its table files stay readable when the service gives them up. Families that an older
// program did not have are empty. All writes are refused (FailedPrecondition).
//
// The whole write-ahead log is read into memory (RocksdbOptions::wal_bytes_max, as a rule).
//
// Errors: NotFound (no database there), FailedPrecondition (a newer format), DataLoss (corrupt),
// Unavailable (I/O, or a service that changes its files faster than they can be opened).
absl::StatusOr<std::unique_ptr<Store>> OpenRocksdbReader(const std::string& path);

// Judges the format of the database in DB_PATH as CheckFormat() does, without changing a byte.
// Fine, too, if there is none yet. Errors as above.
absl::Status PeekFormat(const std::string& db_path, const RocksdbOptions& options);

}  // namespace tocsin::storage
