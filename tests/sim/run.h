#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/sim/plan.h"

namespace tocsin::simulation {

// The outcome of one seed.
struct Outcome {
  std::string failure;  // empty: all checks held
  uint64_t hash = 0;
  uint64_t events = 0;
  int64_t virtual_ms = 0;
  std::vector<std::string> newest_events;
};

// `verbose`: print every event.
Outcome RunSeed(uint64_t seed, bool verbose);

}  // namespace tocsin::simulation
