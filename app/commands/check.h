#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "app/finding_format.h"

namespace tocsin::app {

struct CheckOptions {
  std::vector<std::string> paths;
  FindingFormat format = FindingFormat::kText;
  bool print_config = false;  // also print the configuration, or the defaults if no path is one
  bool strict = false;        // warnings count as errors
};

// Loads rule files and configurations as `serve` would, all rule files together, and prints every
// finding. A folder is searched for *.yaml and *.yml; unit tests of rules in it are left out with a
// note. A file is a configuration by its name (tocsin.yaml) or its keys; the rule files it names
// are checked too. Secrets need not be there.
//
// Exit codes: 0 no errors, 1 errors, 2 a path cannot be read or holds nothing to check.
int RunCheck(const CheckOptions& options, std::ostream& out, std::ostream& err);

}  // namespace tocsin::app
