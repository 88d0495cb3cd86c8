#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace tocsin::promql {

// A duration as Prometheus writes it: "1h30m", "250ms", "0". Integers with the units y (365 d), w,
// d, h, m, s, ms, each at most once and from large to small. Pure; thread: any. Errors:
// InvalidArgument with Prometheus' wording, also for more than 2^63 ns (292 years).
absl::StatusOr<absl::Duration> ParseDuration(absl::string_view text);

// PrintDuration, the reverse, is in printer.h.

}  // namespace tocsin::promql
