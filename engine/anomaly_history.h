#pragma once

#include <vector>

#include "absl/status/status.h"
#include "base/timestamp.h"
#include "engine/anomaly_models.h"
#include "engine/anomaly_replay.h"

namespace tocsin::engine {

struct ModelsOfMonitor {
  const rules::Monitor* monitor = nullptr;
  AnomalyModels* models = nullptr;
};

// Brings models up to what is recorded until `now`: of a monitor that knows nothing from the first
// sample on, of another from where it left off. The same evaluations as if the service had been
// there all the time, but for samples that came late, which are in time here.
//
// Thread: any that the models belong to. Memory and errors: as of ReplayRecorded(); what was
// learned until then stays.
absl::Status LearnFromRecorded(const std::vector<ModelsOfMonitor>& monitors,
                               const RecordedPast& past, Timestamp now);

}  // namespace tocsin::engine
