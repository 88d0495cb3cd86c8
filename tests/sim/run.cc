#include "tests/sim/run.h"

#include "tests/sim/world.h"

namespace tocsin::simulation {

Outcome RunSeed(uint64_t seed, bool verbose) {
  const Plan plan = MakePlan(seed);
  Trace trace;
  trace.SetVerbose(verbose);
  Findings findings;
  Outcome outcome;
  {
    World world(plan, trace, findings);
    world.Run();
    outcome.virtual_ms = world.now_ms();
  }
  outcome.failure = findings.first();
  outcome.hash = trace.hash();
  outcome.events = trace.events();
  outcome.newest_events.assign(trace.newest().begin(), trace.newest().end());
  return outcome;
}

}  // namespace tocsin::simulation
