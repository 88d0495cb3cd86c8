#pragma once

#include <string>

namespace tocsin::ingest {

// The shortest text that reads back as `value`, in JavaScript's notation: "1.5", "1e-7", "1e+21".
// Not for NaN or infinities.
std::string ShortestNumber(double value);

// The shortest digits that read back as `value`, never with an exponent: "0.005",
// "100000000000000000000000"; "+Inf", "-Inf", "NaN". What Prometheus' OTLP receiver writes into
// `le` and `quantile` (Go's FormatFloat with 'f' and -1).
std::string PlainNumber(double value);

}  // namespace tocsin::ingest
