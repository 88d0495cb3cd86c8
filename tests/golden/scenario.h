#pragma once

#include <string>
#include <vector>

#include "tests/support/world.h"

namespace tocsin::testing {

// Plays a scenario file on a World and tells what did not happen as written.
//
//   load 15s                                   samples every 15 s from the start, in the notation
//   of rule tests
//     cpu_busy{host="a"}  0.2x2 0.95x20
//   rule HighCpu: avg by (host) (cpu_busy) > 0.9 for 1m
//   rules                                      or any rule file, indented
//     monitors: ...
//   at 1m    HighCpu{host="a"} pending         ok | pending | firing | warning | critical | no_data
//   at 1m45s page open HighCpu{host="a"}       open | closed | none
//   restart [2m]                               dies at the time reached so far, comes back (2 m
//   later) # comment
struct ScenarioOptions {
  bool restart_after_each_step = false;
};
struct ScenarioResult {
  std::vector<std::string> failures;  // "file:line: expected ..., got ..."
  size_t checks = 0;
};
ScenarioResult RunScenario(const std::string& path, const std::string& text,
                           const ScenarioOptions& options);

}  // namespace tocsin::testing
