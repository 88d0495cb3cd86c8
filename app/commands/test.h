#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace tocsin::app {

struct TestOptions {
  std::vector<std::string> files;
  std::optional<std::string> junit;  // where to write a JUnit XML report too
  bool strict = false;               // see RunTestFile
};

// Runs unit tests of rules: the files that `promtool test rules` takes. Reports on `out`, the
// summary on `err`.
//
// Exit codes: 0 all passed, 1 a test failed or a file is wrong, 2 a file cannot be read or the
// report cannot be written.
int RunTest(const TestOptions& options, std::ostream& out, std::ostream& err);

}  // namespace tocsin::app
