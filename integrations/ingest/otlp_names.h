#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "integrations/ingest/otlp_options.h"

namespace tocsin::ingest {

// What a point's kind adds to its metric's name: gauges of unit "1" become ratios, monotonic sums
// end in _total.
enum class PointKind : char { kGauge = 'g', kSum = 's', kMonotonicSum = 'm' };

// Names of OTLP as Prometheus' OTLP receiver translates them, so that rules written for Prometheus
// find their series here.
//
// By default the name is split into tokens at everything that is not a letter, a digit or ':'; the
// unit's words are appended unless they are there; then _total or _ratio. "http.server.duration"
// [ms] -> http_server_duration_milliseconds. Without suffixes runs of what a name cannot hold
// become one '_'; without escaping the name stays, and what is appended replaces an equal ending.
// InvalidArgument if nothing is left.
absl::StatusOr<std::string> MetricNameFromOtlp(
    absl::string_view name, absl::string_view unit, PointKind kind,
    TranslationStrategy strategy = TranslationStrategy::kUnderscoreEscapingWithSuffixes);

// With escaping every character that is not a letter, a digit or '_' becomes one '_'; a leading
// digit gets "key_" in front, a single leading underscore "key". InvalidArgument if the key is
// empty, or with escaping nothing but underscores is left.
absl::StatusOr<std::string> LabelNameFromOtlp(
    absl::string_view key,
    TranslationStrategy strategy = TranslationStrategy::kUnderscoreEscapingWithSuffixes);

}  // namespace tocsin::ingest
