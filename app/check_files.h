#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "rules/rule_file.h"

// Which files `tocsin check` looks at, and what each of them is.
namespace tocsin::app {

enum class FileKind { kRules, kConfig, kRuleTest };
// By its name or else by its top-level keys. Anything unclear is taken for a rule file, whose
// loader then says what is wrong.
FileKind KindOf(const rules::RuleFile& file);

struct FoundFiles {
  std::vector<std::string>
      paths;  // as given or below a given folder, sorted within it, each file once
  std::vector<std::string> skipped;  // unit tests of rules in folders, by name
};
// NotFound if a path does not exist.
absl::StatusOr<FoundFiles> FindFiles(const std::vector<std::string>& paths);

}  // namespace tocsin::app
