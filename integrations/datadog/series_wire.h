#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "integrations/datadog/sample_taker.h"

namespace tocsin::datadog {

// /api/v2/series: MetricPayload, read in place; proto/datadog/agentpayload.proto has its shape.
//
// Errors: InvalidArgument if the bytes are not such a message; what SampleTaker::Take() returns.
absl::Status TakeMetricPayload(absl::string_view body, SampleTaker& taker);

}  // namespace tocsin::datadog
