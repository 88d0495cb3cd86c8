#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "rules/diagnostic.h"

namespace tocsin::app {

// Something that a test expected otherwise, or that could not be evaluated.
struct TestFailure {
  rules::SourcePosition position;   // of the case, or of the test
  std::string what;                 // `alertname: Down, time: 5m`
  std::vector<std::string> detail;  // what was expected, what came, how they differ: lines
};

// How one entry of `tests` went.
struct TestOutcome {
  std::string name;  // as given, or unnamed#<number in the file>
  size_t cases = 0;
  std::vector<TestFailure> failures;
};

// How one test file went.
struct TestFileOutcome {
  std::string path;
  // Of the test file and of the rules it names. With an error among them nothing was run.
  std::vector<rules::Diagnostic> findings;
  std::vector<TestOutcome> tests;
  bool ok() const;
};

}  // namespace tocsin::app
