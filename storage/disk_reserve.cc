#include "storage/disk_reserve.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <optional>

#include "absl/strings/str_cat.h"

namespace tocsin::storage {
namespace {

// What a start writes at most before it can free anything: the memtables it reads back.
constexpr uint64_t kStartBytes = 8 << 20;
constexpr uint64_t kPlenty = 8 * DiskReserve::kBytes;

std::string FileIn(const std::string& path) {
  return path + "/reserve";
}

std::optional<uint64_t> FreeBytes(const std::string& path) {
  struct statvfs info {};
  if (statvfs(path.c_str(), &info) != 0) return std::nullopt;
  return static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
}

}  // namespace

absl::Status DiskReserve::ReleaseIfNeeded(const std::string& path) {
  auto free = FreeBytes(path);
  if (!free || *free >= kBytes) return absl::OkStatus();
  unlink(FileIn(path).c_str());
  free = FreeBytes(path);
  if (!free || *free >= kStartBytes) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("disk full: ", path, " has ", *free >> 10,
                                             " KiB free, a start needs ", kStartBytes >> 20,
                                             " MiB; make room and start again"));
}

void DiskReserve::Restore(const std::string& path) {
  const auto free = FreeBytes(path);
  if (!free || *free < kPlenty) return;
  const int file = open(FileIn(path).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return;
  // Taken already: nothing happens. A file system that cannot reserve leaves an empty file.
  (void)fallocate(file, 0, 0, static_cast<off_t>(kBytes));
  close(file);
}

}  // namespace tocsin::storage
