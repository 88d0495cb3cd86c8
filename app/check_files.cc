#include "app/check_files.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "rules/yaml_tree.h"

namespace tocsin::app {
namespace {

namespace fs = std::filesystem;

bool HasKey(const rules::YamlNode& root, std::initializer_list<const char*> keys) {
  for (const rules::YamlEntry& entry : root.entries) {
    for (const char* key : keys) {
      if (entry.key->value == key) return true;
    }
  }
  return false;
}

bool IsYaml(const std::string& name) {
  return absl::EndsWith(name, ".yaml") || absl::EndsWith(name, ".yml");
}
bool IsTestName(const std::string& name) {
  return absl::EndsWith(name, "_test.yaml") || absl::EndsWith(name, "_test.yml");
}

// Adds paths once, however they are written.
class PathSet {
 public:
  explicit PathSet(FoundFiles& found) : found_(found) {}
  void Add(const std::string& path) {
    std::error_code error;
    const fs::path real = fs::weakly_canonical(path, error);
    if (seen_.insert(error ? path : real.string()).second) found_.paths.push_back(path);
  }
  void Skip(const std::string& path) { found_.skipped.push_back(path); }

 private:
  FoundFiles& found_;
  std::set<std::string> seen_;
};

absl::Status AddFolder(const std::string& folder, PathSet& paths) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    const std::string path = it->path().string();
    if (it->is_regular_file(error) && IsYaml(path)) names.push_back(path);
  }
  if (error) {
    return absl::NotFoundError(absl::StrCat("cannot read ", folder, ": ", error.message()));
  }
  std::sort(names.begin(), names.end());
  for (const std::string& path : names) {
    IsTestName(path) ? paths.Skip(path) : paths.Add(path);
  }
  return absl::OkStatus();
}

}  // namespace

FileKind KindOf(const rules::RuleFile& file) {
  const std::string name = fs::path(file.path).filename().string();
  if (name == "tocsin.yaml" || name == "tocsin.yml") return FileKind::kConfig;
  std::vector<rules::Diagnostic> ignored;
  const auto document = rules::YamlDocument::Parse(file.path, file.content, {}, ignored);
  if (document == nullptr) return FileKind::kRules;
  const rules::YamlNode& root = document->root();
  if (HasKey(root, {"groups", "monitors"})) return FileKind::kRules;
  if (HasKey(root, {"tests", "rule_files"})) return FileKind::kRuleTest;
  if (HasKey(root, {"listen", "data_dir", "receivers", "route"})) return FileKind::kConfig;
  return FileKind::kRules;
}

absl::StatusOr<FoundFiles> FindFiles(const std::vector<std::string>& paths) {
  FoundFiles found;
  PathSet set(found);
  for (const std::string& path : paths) {
    std::error_code error;
    if (fs::is_directory(path, error)) {
      if (absl::Status status = AddFolder(path, set); !status.ok()) return status;
    } else if (fs::exists(path, error)) {
      set.Add(path);
    } else {
      return absl::NotFoundError(absl::StrCat("there is no ", path));
    }
  }
  return found;
}

}  // namespace tocsin::app
