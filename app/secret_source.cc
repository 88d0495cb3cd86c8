#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "app/config.h"

// Where secrets and other files come from in production.
namespace tocsin::app {
namespace {

constexpr size_t kSecretBytesMax = 64 << 10;

absl::StatusOr<std::string> ReadSecretFile(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    return absl::NotFoundError(absl::StrCat("cannot read ", path));
  }
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is not a file"));
  }
  if ((info.st_mode & S_IROTH) != 0) {
    return absl::PermissionDeniedError(
        absl::StrCat(path, " is readable by everyone; allow only its owner: chmod 600"));
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  std::string content(kSecretBytesMax + 1, '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<size_t>(file.gcount()));
  if (content.size() > kSecretBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is too large for a secret"));
  }
  return content;
}

std::optional<std::string> ReadEnvironment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

}  // namespace

absl::Status CheckReadableFile(const std::string& path) {
  struct stat info {};
  const bool file = stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
  if (file && ::access(path.c_str(), R_OK) == 0) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("cannot read ", path));
}

ConfigSources ConfigSources::System() {
  return {.environment = ReadEnvironment, .secret_file = ReadSecretFile};
}

}  // namespace tocsin::app
