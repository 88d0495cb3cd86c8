#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "app/inspect/records.h"
#include "app/inspect/report.h"

namespace tocsin::app::inspect {

// Alerts by rule and labels; facts: how many are in each state. Reads family `alerts`. Problems:
// records under another key than theirs.
absl::StatusOr<Section> AlertsSection(Records& records);

// Transitions, the newest ones, in order of time. Reads family `history`.
absl::StatusOr<Section> HistorySection(Records& records);

}  // namespace tocsin::app::inspect
