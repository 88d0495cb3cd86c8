#include "storage/data_directory.h"

#include <filesystem>
#include <optional>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "storage/directory_lock.h"
#include "storage/files.h"
#include "storage/rocksdb_reader.h"

namespace tocsin::storage {
namespace fs = std::filesystem;
namespace {

std::string IncomingIn(const std::string& path) {
  return path + "/db.incoming";
}

// There, whole, and of a format that this program knows.
absl::Status CheckSource(const std::string& path) {
  TOCSIN_RETURN_IF_ERROR(CheckRestored(path));
  if (!Exists(path + "/db/CURRENT")) {
    return absl::NotFoundError(
        absl::StrCat(path, " is no data directory: there is no ", path, "/db"));
  }
  return PeekFormat(path + "/db", {});
}

// RocksDB's lock file and its own log are of the running process alone.
bool IsState(const std::string& name) {
  return name != "LOCK" && !absl::StartsWith(name, "LOG");
}

absl::Status CopyFiles(const std::string& from, const std::string& to) {
  std::error_code error;
  fs::directory_iterator it(from, error);
  for (; !error && it != fs::directory_iterator(); it.increment(error)) {
    const std::string name = it->path().filename();
    if (!IsState(name) || !it->is_regular_file()) continue;
    TOCSIN_RETURN_IF_ERROR(CopyFileSynced(it->path(), absl::StrCat(to, "/", name)));
  }
  if (error) return ErrnoStatus(error.value(), absl::StrCat("cannot read ", from));
  return SyncDirectory(to);
}

absl::Status CopyDatabase(const std::string& from, const std::string& to) {
  const std::string incoming = IncomingIn(to);
  TOCSIN_RETURN_IF_ERROR(RemoveTree(incoming));
  TOCSIN_RETURN_IF_ERROR(MakePrivateDirectory(incoming));
  TOCSIN_RETURN_IF_ERROR(CopyFiles(from + "/db", incoming));
  return RenameSynced(incoming, to + "/db");
}

absl::Status CheckEmpty(const std::string& path) {
  std::error_code error;
  fs::directory_iterator it(path, error);
  for (; !error && it != fs::directory_iterator(); it.increment(error)) {
    const std::string name = it->path().filename();
    if (name == "lock" || name == "lost+found" || it->path() == IncomingIn(path)) continue;
    return absl::AlreadyExistsError(absl::StrCat(path, " is not empty: it has \"", name,
                                                 "\"; restore to a new directory or empty it"));
  }
  if (error) return ErrnoStatus(error.value(), absl::StrCat("cannot read ", path));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Backup> BackUpStopped(const std::string& data_dir, const std::string& target) {
  TOCSIN_RETURN_IF_ERROR(CheckSource(data_dir));
  TOCSIN_ASSIGN_OR_RETURN(const DirectoryLock lock, DirectoryLock::Acquire(data_dir));
  if (Exists(target)) return absl::AlreadyExistsError(absl::StrCat(target, " exists already"));
  TOCSIN_RETURN_IF_ERROR(MakePrivateDirectory(target));
  if (const absl::Status copied = CopyDatabase(data_dir, target); !copied.ok()) {
    RemoveTree(target).IgnoreError();  // the first error counts
    return copied;
  }
  TOCSIN_RETURN_IF_ERROR(SyncDirectory(fs::absolute(target).parent_path()));
  return Backup{target, TreeBytes(target)};
}

absl::StatusOr<Backup> RestoreBackup(const std::string& backup, const std::string& data_dir) {
  TOCSIN_RETURN_IF_ERROR(CheckSource(backup));
  TOCSIN_ASSIGN_OR_RETURN(const std::optional<DirectoryLock> unused,
                          DirectoryLock::AcquireIfThere(backup));
  TOCSIN_ASSIGN_OR_RETURN(const DirectoryLock lock, DirectoryLock::Acquire(data_dir));
  TOCSIN_RETURN_IF_ERROR(CheckEmpty(data_dir));
  TOCSIN_RETURN_IF_ERROR(CopyDatabase(backup, data_dir));
  TOCSIN_RETURN_IF_ERROR(SyncDirectory(fs::absolute(data_dir).parent_path()));
  return Backup{data_dir, TreeBytes(data_dir + "/db")};
}

absl::Status CheckRestored(const std::string& data_dir) {
  if (!Exists(IncomingIn(data_dir))) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "a copy to ", data_dir, " was interrupted: make it again, or remove ", IncomingIn(data_dir)));
}

}  // namespace tocsin::storage
