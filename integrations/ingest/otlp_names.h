#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tocsin::ingest {

// What a point's kind adds to its metric's name: gauges of unit "1" become ratios, monotonic sums
// end in _total.
enum class PointKind : char { kGauge = 'g', kSum = 's', kMonotonicSum = 'm' };

// Names of OTLP as Prometheus' OTLP receiver translates them by default
// ("UnderscoreEscapingWithSuffixes"), so that rules written for Prometheus find their series here.
//
// The name is split into tokens at everything that is not a letter, a digit or ':'; the unit's
// words are appended unless they are there; then _total or _ratio. "http.server.duration" [ms] ->
// http_server_duration_milliseconds. InvalidArgument if nothing is left.
absl::StatusOr<std::string> MetricNameFromOtlp(absl::string_view name, absl::string_view unit,
                                               PointKind kind);

// Every character that is not a letter, a digit or '_' becomes one '_'; a leading digit gets "key_"
// in front, a single leading underscore "key". InvalidArgument if the key is empty or nothing but
// underscores is left.
absl::StatusOr<std::string> LabelNameFromOtlp(absl::string_view key);

}  // namespace tocsin::ingest
