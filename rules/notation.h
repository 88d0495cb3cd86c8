#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/labels.h"
#include "base/native_histogram.h"

// The notation of series in test files, as in Prometheus' rule tests and promqltest scripts:
//   up{job="node"}  1 _ stale 0.2x2 0+10x5
//
//   n        one sample (also NaN, Inf, -Inf)
//   _ _xN    no sample, once or N times
//   stale    a stale marker
//   axN      N + 1 samples of a
//   a+bxN    N + 1 samples: a, a+b, a+2b ...; a-bxN likewise
//   {{...}}  a native histogram, see notation_histogram.h; {{..}}xN and {{..}}+{{..}}xN likewise
namespace tocsin::notation {

// A sample: a number, or a histogram.
struct Value {
  double number = 0;
  HistogramPtr histogram;
  bool names_reset = false;  // the counter_reset_hint is given, be it "unknown"

  Value(double value) : number(value) {}  // NOLINT: a number is a value
  Value(HistogramPtr value, bool names) : histogram(std::move(value)), names_reset(names) {}
};

// One entry per step; nullopt: no sample there.
using Values = std::vector<std::optional<Value>>;

struct SeriesLine {
  Labels labels;
  Values values;
};

// A line cut after its series; `rest` is a view into the line, without surrounding blanks.
struct SplitLine {
  Labels labels;
  absl::string_view rest;
};

// A line longer than this is refused (a typo in a repeat count would fill the memory).
inline constexpr size_t kValuesMax = 1'000'000;

// Errors of all three: InvalidArgument for what is not in the notation (or has matchers other than
// `=`).
absl::StatusOr<SeriesLine> ParseSeriesLine(absl::string_view line);
absl::StatusOr<SplitLine> SplitSeriesLine(absl::string_view line);
// Values behind the first `keep` are checked and left out.
absl::StatusOr<Values> ParseValues(absl::string_view text, size_t keep = SIZE_MAX);

// Takes a number off the front of *text; Inf and NaN in any case. Nullopt: there is none.
std::optional<double> TakeNumber(absl::string_view* text);

// A decimal number or NaN, Inf, -Inf in any case; nullopt if `text` is not exactly that.
std::optional<double> ParseNumber(absl::string_view text);

}  // namespace tocsin::notation
