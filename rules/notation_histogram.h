#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "base/native_histogram.h"

// Native histograms in the notation of Prometheus' test scripts:
//   {{schema:1 count:3 sum:4.5 z_bucket:1 z_bucket_w:0.001 buckets:[1 0 2] offset:-1
//     n_buckets:[1] n_offset:2 custom_values:[0.1 1] counter_reset_hint:gauge}}
// Keys in any order, each at most once; what is left out is 0 (or empty, or unknown). The first of
// `buckets` has number `offset`.
namespace tocsin::notation {

struct HistogramLiteral {
  HistogramPtr histogram;
  bool names_reset = false;  // the counter_reset_hint is given
};

// Takes one off the front of *text. InvalidArgument if there is none.
absl::StatusOr<HistogramLiteral> TakeHistogram(absl::string_view* text);

// The histogram after `from` in a series that grows (or shrinks) by `step`.
absl::StatusOr<HistogramPtr> Stepped(const NativeHistogram& from, const NativeHistogram& step,
                                     bool negative);

}  // namespace tocsin::notation
