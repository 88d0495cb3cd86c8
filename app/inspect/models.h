#pragma once

#include "absl/status/statusor.h"
#include "app/inspect/records.h"
#include "app/inspect/report.h"

namespace tocsin::app::inspect {

// What anomaly monitors have learned of their rows, in order of key.
absl::StatusOr<Section> ModelsSection(Records& records);

}  // namespace tocsin::app::inspect
