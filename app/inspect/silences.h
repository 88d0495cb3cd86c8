#pragma once

#include "absl/status/statusor.h"
#include "app/inspect/records.h"
#include "app/inspect/report.h"

namespace tocsin::app::inspect {

// Silences in order of their ids, with their times and matchers. State depends on the time, which
// is not asked for here.
absl::StatusOr<Section> SilencesSection(Records& records);

}  // namespace tocsin::app::inspect
