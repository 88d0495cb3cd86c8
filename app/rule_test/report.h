#pragma once

#include <string>
#include <vector>

#include "app/rule_test/outcome.h"

namespace tocsin::app {

// What a person reads about one file: findings, then SUCCESS or every failure with its place, what
// was expected and what came. With a trailing newline.
std::string TestReport(const TestFileOutcome& outcome);

// `tested 2 files: 3 tests, 10 cases, 1 failed`
std::string TestSummary(const std::vector<TestFileOutcome>& outcomes);

// All files as one JUnit XML document: a suite per file, a case per test. A file that was not run
// has one case that is an error.
std::string JunitReport(const std::vector<TestFileOutcome>& outcomes);

}  // namespace tocsin::app
