#pragma once

#include "absl/status/statusor.h"
#include "base/timestamp.h"
#include "engine/series_registry.h"
#include "engine/shard.h"
#include "storage/sample_log.h"
#include "storage/store.h"

namespace tocsin::engine {

// What a data directory remembers, apart from windows (Shard::Install reads those).
//
// Fills the registry from the log and reads the alerts and the clock; a new directory counts as
// evaluated at `now`. Once, before anything is evaluated.
absl::StatusOr<Resumed> RecoverState(const storage::Store& store, const storage::SampleLog& log,
                                     Timestamp now, SeriesRegistry& registry);

// Drops the clock records of shards from number `shards` on: there are fewer now, and a record that
// nobody writes any more would look like a long gap.
absl::Status ForgetClocksFrom(storage::Store& store, size_t shards);

}  // namespace tocsin::engine
