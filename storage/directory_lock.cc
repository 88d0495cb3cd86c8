#include "storage/directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "storage/files.h"

namespace tocsin::storage {
namespace {

// Only the leaf is ours to restrict; a directory that exists keeps its mode.
absl::Status MakeDirectory(const std::string& path) {
  std::error_code error;
  const auto parent = std::filesystem::path(path).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (error) return ErrnoStatus(error.value(), absl::StrCat("cannot create ", parent.string()));
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return ErrnoStatus(errno, absl::StrCat("cannot create ", path));
  }
  return absl::OkStatus();
}

std::string HolderOf(int fd) {
  std::array<char, 32> text;
  const ssize_t size = ::pread(fd, text.data(), text.size(), 0);
  if (size <= 0) return "another process";
  const absl::string_view pid =
      absl::StripAsciiWhitespace({text.data(), static_cast<size_t>(size)});
  return absl::StrCat("process ", pid);
}

}  // namespace

absl::StatusOr<DirectoryLock> DirectoryLock::Take(int fd, const std::string& path) {
  DirectoryLock lock(fd);
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return lock;
  if (errno != EWOULDBLOCK) return ErrnoStatus(errno, absl::StrCat("cannot lock ", path, "/lock"));
  return absl::FailedPreconditionError(
      absl::StrCat("data directory ", path, " is in use by ", HolderOf(fd)));
}

absl::StatusOr<DirectoryLock> DirectoryLock::Acquire(const std::string& path) {
  TOCSIN_RETURN_IF_ERROR(MakeDirectory(path));
  const std::string file = path + "/lock";
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return ErrnoStatus(errno, absl::StrCat("cannot open ", file));
  TOCSIN_ASSIGN_OR_RETURN(DirectoryLock lock, Take(fd, path));
  // For people and the message above only: the lock is the kernel's, a full disk does not matter
  // here.
  const std::string pid = absl::StrCat(::getpid(), "\n");
  if (::ftruncate(fd, 0) == 0) (void)!::pwrite(fd, pid.data(), pid.size(), 0);
  return lock;
}

absl::StatusOr<std::optional<DirectoryLock>> DirectoryLock::AcquireIfThere(
    const std::string& path) {
  const std::string file = path + "/lock";
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return std::optional<DirectoryLock>();
  if (fd < 0) return ErrnoStatus(errno, absl::StrCat("cannot open ", file));
  TOCSIN_ASSIGN_OR_RETURN(DirectoryLock lock, Take(fd, path));
  return std::optional<DirectoryLock>(std::move(lock));
}

DirectoryLock::~DirectoryLock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace tocsin::storage
