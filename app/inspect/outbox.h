#pragma once

#include "absl/status/statusor.h"
#include "app/inspect/records.h"
#include "app/inspect/report.h"

namespace tocsin::app::inspect {

// Pages by alias, a row for each target: what the alert wants, what the target confirmed, and what
// is under way. Facts: how many pages are open, how many owed (some target has not confirmed the
// newest change, or none was chosen yet). Reads family `outbox`. Problems: what the next start will
// move aside, what one before did, and delivery without a page.
absl::StatusOr<Section> OutboxSection(Records& records);

}  // namespace tocsin::app::inspect
