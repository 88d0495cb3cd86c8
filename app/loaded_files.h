#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "app/config.h"
#include "app/server.h"
#include "base/limits.h"
#include "rules/rule.h"
#include "rules/rule_file.h"

namespace tocsin::app {

// Configuration and rules as one consistent reading of the files.
struct LoadedFiles {
  Config config;
  std::shared_ptr<const rules::RuleSet> rules;
  std::vector<std::string> other_files;  // the configuration and the secrets it names
  uint64_t fingerprint = 0;              // see FilesFingerprint; taken before they were read
};

// Reads everything `options` names; flags are already applied to the result. Warnings are logged.
// InvalidArgument with all findings, one a line.
absl::StatusOr<LoadedFiles> LoadFiles(const ServerOptions& options);

// The same for a command that only looks: secrets need not be there. Without `config_path` all that
// a configuration says is by default; without `rules` those that it names are read.
absl::StatusOr<LoadedFiles> LoadFilesToLook(const std::optional<std::string>& config_path,
                                            const std::vector<std::string>& rules);

// How rule files are read under these limits: what the engine cannot run is refused.
rules::LoadOptions RuleLoadOptions(const Limits& limits);

// Changes whenever one of `files`, one of the files that match `patterns` or the list of these
// changes. Follows symbolic links, so that a swapped ConfigMap or Secret directory is noticed.
uint64_t FilesFingerprint(const std::vector<std::string>& files,
                          const std::vector<std::string>& patterns);

}  // namespace tocsin::app
