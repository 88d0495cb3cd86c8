#pragma once

#include <cstdint>
#include <string>

#include "base/limits.h"
#include "tests/opsgenie_sim/sim_types.h"

namespace tocsin::simulation {

// What one seed chooses: the size of everything and which faults there are. Small sizes and a
// random subset of faults, so that edges are met often and each fault is also met alone.
// Probabilities are per call of the service, times in true milliseconds.
struct Plan {
  uint64_t seed = 0;
  int64_t faulty_ms = 0;  // faults happen until then
  size_t shards = 1;
  Limits limits;
  sim::SimOptions receiver;

  // The process.
  double dies = 0;           // between two calls
  double dies_in_write = 0;  // within one, at one of its first writes
  bool loses_power = false;  // dying takes the writes along that were not synced
  int64_t down_ms_max = 0;   // until it runs again
  bool restarts = false;     // an operator stops and starts it, sometimes with other shards
  bool reloads = false;      // an operator changes the rules
  bool stalls = false;       // it stands still for seconds
  // The disk.
  double refuses_write = 0;
  double tears_write = 0;  // written, but reported as failed
  bool fills = false;
  double closes_block = 0;  // after a commit: what was committed some time ago becomes a block
  bool slow = false;        // commits of samples take seconds
  // The clock is set by up to an hour; senders follow it.
  bool clock_jumps = false;
  // The receiver, and the network to it.
  bool receiver_faults = false;
  bool receiver_outages = false;
  int64_t latency_ms = 5;
  // Traffic.
  bool late = false;
  bool repeats = false;  // samples sent again, also with other values
  bool silences = false;
  bool resets = false;
  bool ends = false;  // stale markers

  // One line for failures.
  std::string ToString() const;
};

Plan MakePlan(uint64_t seed);

}  // namespace tocsin::simulation
