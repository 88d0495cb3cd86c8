#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "integrations/datadog/sample_taker.h"

// The JSON bodies of metrics. Values of unexpected types are treated as absent; a series without a
// name or a point without a number is rejected alone, and so is a series of more than
// kJsonPieceValuesMax values.
//
// Errors: InvalidArgument if the body is not JSON; what SampleTaker::Take() returns.
namespace tocsin::datadog {

// /api/v1/series: {"series": [{"metric", "points": [[time, value], ..], "type", "interval", "host",
// "device", "tags"}]}, and /api/v2/series: points {"timestamp", "value"}, type 0 to 3, "resources":
// [{"type", "name"}]. Each is taken for what it looks like.
absl::Status TakeSeriesJson(absl::string_view body, SampleTaker& taker);

// /api/v1/distribution_points: points [time, [value, ..]], which become histograms.
absl::Status TakeDistributionsJson(absl::string_view body, SampleTaker& taker);

}  // namespace tocsin::datadog
