#pragma once

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "base/timestamp.h"
#include "engine/anomaly_models.h"
#include "engine/recorded_samples.h"
#include "engine/series_registry.h"
#include "storage/sample_log.h"

namespace tocsin::engine {

struct ModelsOfMonitor {
  const rules::Monitor* monitor = nullptr;
  AnomalyModels* models = nullptr;
};

// Where models learn from.
struct RecordedPast {
  const storage::SampleLog& log;
  const SeriesRegistry& registry;
  CommitSlack slack;
  QueryOptions queries;
};

// Brings models up to what is recorded until `now`: of a monitor that knows nothing from the first
// sample on, of another from where it left off. The same evaluations as if the service had been
// there all the time, but for samples that came late, which are in time here.
//
// Reads the log in spans, so that memory is that of two hours of the monitors' samples. Thread: any
// that the models belong to. Errors: InvalidArgument, Unimplemented (a query cannot run), what the
// log says; what was learned until then stays.
absl::Status LearnFromRecorded(const std::vector<ModelsOfMonitor>& monitors,
                               const RecordedPast& past, Timestamp now);

}  // namespace tocsin::engine
