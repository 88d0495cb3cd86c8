#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace tocsin::anomaly {

// Everything that was learned of one series, and its incident: plain bytes of a fixed size, to be
// copied, stored and brought back as they are. All zero is a series of which nothing was seen.
//
// Detector alone reads and writes what is inside.
struct SeriesModel {
  uint32_t points = 0;  // judged or learned so far
};

// The bytes of a model: version, size, then the model itself (little endian). The same model has
// the same bytes, and a model that is brought back goes on bit by bit as if it had never been away.
std::string SerializeModel(const SeriesModel& model);

// DataLoss if the bytes are not those of a model, FailedPrecondition if their version is not ours:
// then learn anew from history.
absl::Status ParseModel(absl::string_view bytes, SeriesModel& model);

}  // namespace tocsin::anomaly
