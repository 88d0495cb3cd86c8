#pragma once

#include <string>

#include "absl/status/status.h"

namespace rocksdb {
struct ColumnFamilyOptions;
struct DBOptions;
}  // namespace rocksdb

namespace tocsin::storage {

// Reads a database without changing a byte on disk, before the real opening, whose recovery writes:
// is its format one that we know, and is its write-ahead log whole? It costs one more reading of
// the write-ahead log, which is bounded. A database that does not exist yet is fine.
//
// A record in the middle of the log that is damaged does not keep the opening from going on: it
// ends the log there, so that what is left is what was written up to some moment. Synced data is
// lost with it; this says so in the log of the service, at level error, with the file and the
// number of bytes. An unfinished record at the end is what a crash of the machine leaves of a write
// that nobody was told of; it is said at level warning, since a disk that lost what it had synced
// may look the same.
//
// Errors: FailedPrecondition (newer format), DataLoss, Unavailable (I/O).
absl::Status PeekIntoDatabase(const std::string& path, const rocksdb::DBOptions& options,
                              const rocksdb::ColumnFamilyOptions& family_options);

}  // namespace tocsin::storage
