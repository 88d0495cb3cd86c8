#pragma once

#include <string>

#include "app/rule_test/outcome.h"

namespace tocsin::app {

// Reads a test file and the rules it names, and runs its tests one after the other, each in a world
// of its own. What cannot be read, does not parse or is not supported becomes a finding; then
// nothing is run.
TestFileOutcome RunTestFile(const std::string& path);

}  // namespace tocsin::app
