#pragma once

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/timestamp.h"
#include "engine/alerts/alert_records.h"
#include "engine/series_registry.h"
#include "storage/sample_log.h"
#include "storage/store.h"

namespace tocsin::engine {

// What a data directory remembers, apart from windows (Shard::Install reads those).
struct Recovered {
  AlertsByRule alerts;  // clocks already moved over the gap
  size_t alert_count = 0;
  absl::Duration gap;  // since the last evaluation before the stop; 0 for a new directory
};

// Fills the registry from the log and reads the alerts. Once, before anything is evaluated.
absl::StatusOr<Recovered> RecoverState(const storage::Store& store, const storage::SampleLog& log,
                                       Timestamp now, SeriesRegistry& registry);

}  // namespace tocsin::engine
