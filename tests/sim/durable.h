#pragma once

#include <string>
#include <vector>

#include "base/timestamp.h"
#include "storage/store.h"
#include "tests/sim/shard_oracle.h"

namespace tocsin::simulation {

// What a dead process left on disk, as far as the next one starts from it.
struct OnDisk {
  ShardAlerts alerts;  // of all shards
  Timestamp evaluated;
  Timestamp hold_until;
  bool is_new = false;  // there was nothing
  std::string wrong;    // a check failed
};

// Reads the clock records, and finds for each shard of the last life the newest state that agrees
// with the disk: one from the last successful commit on. None: something committed is missing, or
// something is there that never was.
OnDisk ReadDisk(const storage::Store& store, const std::vector<ShardOracle>& last_life);

}  // namespace tocsin::simulation
