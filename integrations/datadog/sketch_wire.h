#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "integrations/datadog/sample_taker.h"

namespace tocsin::datadog {

// /api/beta/sketches: SketchPayload, read in place. Sketches become histograms; the older
// `distributions`, which Agents leave empty, are rejected.
//
// Errors: InvalidArgument if the bytes are not such a message; what SampleTaker::Take() returns.
absl::Status TakeSketchPayload(absl::string_view body, SampleTaker& taker);

}  // namespace tocsin::datadog
