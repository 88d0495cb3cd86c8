#pragma once

#include <optional>
#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace tocsin::storage {

// Keeps other processes (and other openings in this one) out of a data directory. The kernel frees
// it when the process ends, however it ends. Move-only.
class DirectoryLock {
 public:
  // Creates PATH (mode 0700, parents as usual) and PATH/lock when missing, and takes the lock.
  // FailedPrecondition names the holder's process id if another one has it; PermissionDenied or
  // Unavailable if the file cannot be made.
  static absl::StatusOr<DirectoryLock> Acquire(const std::string& path);
  // Takes the lock without changing a byte: nullopt if there is no PATH/lock, so that nobody ever
  // opened the directory. Errors as above.
  static absl::StatusOr<std::optional<DirectoryLock>> AcquireIfThere(const std::string& path);

  DirectoryLock(DirectoryLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  DirectoryLock& operator=(DirectoryLock&&) = delete;
  ~DirectoryLock();

 private:
  static absl::StatusOr<DirectoryLock> Take(int fd, const std::string& path);

  explicit DirectoryLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace tocsin::storage
