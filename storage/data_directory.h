#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tocsin::storage {

// Data directories as a whole: copies of one that no process has open. (backups.h copies that of a
// running service.)
//
// A copy is complete or not there: it is made under another name (PATH/db.incoming), synced and
// renamed. What a crash leaves of it is removed when the copy is made again, and no service starts
// on it.
//
// Errors of the copies: FailedPrecondition (in use by a process; a newer format; a restore that was
// interrupted), NotFound (no data directory), AlreadyExists (the target), PermissionDenied,
// Unavailable (disk full, I/O).

struct Backup {
  std::string path;
  uint64_t bytes = 0;  // of its files
};

// Copies the database of `data_dir` to `target`, which must not exist. Keeps a service from
// starting on `data_dir` meanwhile. The database is copied as it is: an older format stays the
// older one.
absl::StatusOr<Backup> BackUpStopped(const std::string& data_dir, const std::string& target);

// The way back: `data_dir` must be empty or not exist, and is what a service can start on when this
// returns. `backup` stays as it is. A `lock` file, "lost+found" and what an interrupted restore
// left count as empty.
absl::StatusOr<Backup> RestoreBackup(const std::string& backup, const std::string& data_dir);

// FailedPrecondition if a restore to `data_dir` was begun and not finished: starting there would
// begin with nothing.
absl::Status CheckRestored(const std::string& data_dir);

}  // namespace tocsin::storage
