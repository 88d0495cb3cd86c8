#pragma once

#include <string>

#include "app/rule_test/outcome.h"

namespace tocsin::app {

// Reads a test file and the rules it names, and runs its tests one after the other, each in a world
// of its own. What cannot be read, does not parse or is not supported becomes a finding; then
// nothing is run.
//
// Two things promtool lets pass are warnings, with `strict` errors: a pattern of rule files that
// matches nothing, and a test that passes by the lookback of Prometheus 2 only.
TestFileOutcome RunTestFile(const std::string& path, bool strict);

}  // namespace tocsin::app
