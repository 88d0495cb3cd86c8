#pragma once

#include <atomic>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/timestamp.h"
#include "storage/data_directory.h"
#include "storage/rocksdb_store.h"

namespace tocsin::storage {

// InvalidArgument unless `name` can name a backup: 1 to 100 of A-Z a-z 0-9 . _ -, the first none of
// ". _ -". So it names a file right in the folder and nothing else.
absl::Status CheckBackupName(absl::string_view name);

// Backups of the data directory of a running service, as DATA_DIR/backups/NAME: each a whole data
// directory, mode 0700, that shares table files with the service until one of both gives them up.
// They are never removed by the program, however many there are.
//
// A backup is whole or not there: it is made as backups/.incoming, synced and renamed. What a crash
// left of one goes with the next.
//
// Thread: any; one backup at a time. Borrows the store.
class Backups {
 public:
  Backups(DiskStore& store, const std::string& data_dir);

  // Errors: InvalidArgument (the name), AlreadyExists (the name is taken), Unavailable (another
  // one is being made, disk full, I/O), PermissionDenied.
  absl::StatusOr<Backup> Make(const std::string& name);

  // When the newest of those that are there was made, by its directory's time of change; nullopt if
  // there is none.
  std::optional<Timestamp> Newest() const;

 private:
  absl::StatusOr<Backup> MakeAlone(const std::string& name);

  // Constant after construction.
  DiskStore& store_;
  const std::string folder_;  // absolute

  std::atomic<bool> busy_ = false;  // one is being made
};

}  // namespace tocsin::storage
