#include "storage/backups.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "storage/files.h"

namespace tocsin::storage {
namespace fs = std::filesystem;
namespace {

constexpr size_t kNameBytesMax = 100;
constexpr char kIncoming[] = ".incoming";  // no backup can have this name

bool IsNameCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
}

std::optional<Timestamp> ChangedAt(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return std::nullopt;
  return Timestamp::FromMillis(info.st_mtim.tv_sec * 1000 + info.st_mtim.tv_nsec / 1'000'000);
}

}  // namespace

absl::Status CheckBackupName(absl::string_view name) {
  const bool good = !name.empty() && name.size() <= kNameBytesMax &&
                    absl::ascii_isalnum(static_cast<unsigned char>(name[0])) &&
                    std::all_of(name.begin(), name.end(), IsNameCharacter);
  if (good) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("a backup's name has 1 to ", kNameBytesMax,
                   " letters, digits, \".\", \"_\" and \"-\" and begins with a letter or digit"));
}

Backups::Backups(DiskStore& store, const std::string& data_dir)
    : store_(store), folder_((fs::absolute(data_dir) / "backups").lexically_normal().string()) {}

absl::StatusOr<Backup> Backups::Make(const std::string& name) {
  TOCSIN_RETURN_IF_ERROR(CheckBackupName(name));
  if (busy_.exchange(true)) return absl::UnavailableError("another backup is being made");
  auto made = MakeAlone(name);
  if (!made.ok() && !absl::IsAlreadyExists(made.status())) {
    RemoveTree(absl::StrCat(folder_, "/", kIncoming)).IgnoreError();  // the first error counts
  }
  busy_ = false;
  return made;
}

absl::StatusOr<Backup> Backups::MakeAlone(const std::string& name) {
  const std::string path = absl::StrCat(folder_, "/", name);
  const std::string incoming = absl::StrCat(folder_, "/", kIncoming);
  if (Exists(path)) return absl::AlreadyExistsError(absl::StrCat(path, " exists already"));
  TOCSIN_RETURN_IF_ERROR(MakePrivateDirectory(folder_));
  TOCSIN_RETURN_IF_ERROR(RemoveTree(incoming));
  TOCSIN_RETURN_IF_ERROR(MakePrivateDirectory(incoming));
  TOCSIN_RETURN_IF_ERROR(store_.Checkpoint(incoming + "/db"));
  TOCSIN_RETURN_IF_ERROR(MakePrivateDirectory(incoming + "/db"));
  TOCSIN_RETURN_IF_ERROR(SyncDirectory(incoming));
  TOCSIN_RETURN_IF_ERROR(RenameSynced(incoming, path));
  TOCSIN_RETURN_IF_ERROR(SyncDirectory(fs::path(folder_).parent_path()));
  return Backup{path, TreeBytes(path)};
}

std::optional<Timestamp> Backups::Newest() const {
  std::optional<Timestamp> newest;
  std::error_code error;
  fs::directory_iterator it(folder_, error);
  for (; !error && it != fs::directory_iterator(); it.increment(error)) {
    if (!CheckBackupName(it->path().filename().string()).ok()) continue;
    newest = std::max(newest, ChangedAt(it->path()));  // nullopt is less than any
  }
  return newest;
}

}  // namespace tocsin::storage
