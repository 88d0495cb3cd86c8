#pragma once

#include <string>

#include "base/native_histogram.h"

namespace tocsin {

// "{count:3, sum:4.5, [-0.001,0.001]:1, (1,2]:2}": the populated buckets from the lowest up, as
// Prometheus writes histograms in label values and messages.
std::string HistogramText(const NativeHistogram& histogram);

// "{{schema:1 count:3 sum:4.5 buckets:[1 0 2]}}": the notation of test scripts, without what is
// zero or unknown.
std::string HistogramNotation(const NativeHistogram& histogram);

// The shortest text that reads back equal, with an exponent below 1e-4 and from 1e6 on: numbers in
// the texts above, and bounds of buckets in what users are told.
std::string HistogramNumber(double value);

}  // namespace tocsin
