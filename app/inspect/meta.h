#pragma once

#include <optional>

#include "absl/status/statusor.h"
#include "app/inspect/records.h"
#include "app/inspect/report.h"
#include "base/timestamp.h"

namespace tocsin::app::inspect {

// Format, start of the log, and a row for each shard's clock; other keys are named (an older or a
// newer program may have more). Reads family `meta`.
absl::StatusOr<Section> MetaSection(Records& records);

// The last evaluation of any shard; nullopt if there was none. Says nothing about records that do
// not decode.
absl::StatusOr<std::optional<Timestamp>> LastEvaluation(const storage::Store& store);

}  // namespace tocsin::app::inspect
