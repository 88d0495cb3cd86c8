#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

// Numbers as Prometheus and Go write them. Pure; thread: any.
namespace tocsin::promql {

// Decimal ("-1.5e3", "1_000"), hexadecimal floats and integers ("0x1p-2", "0x1f"), "Inf", "+Inf",
// "Infinity", "NaN" in any case. InvalidArgument when malformed or too large; too small becomes 0.
absl::StatusOr<double> ParseNumber(absl::string_view text);

// A number literal of an expression: as ParseNumber, but an integer that starts with 0 is octal
// where its digits allow it ("010" is 8, "09" is 9), as in Prometheus.
absl::StatusOr<double> ParseNumberLiteral(absl::string_view text);

// The shortest digits that read back as `value`, never with an exponent: how Prometheus writes
// sample values (Go's 'f' with precision -1). "+Inf", "-Inf", "NaN".
std::string FormatNumber(double value);

// As FormatNumber, but with an exponent for magnitudes below 1e-6 and from 1e21: "1e+21",
// "2.5e-07".
std::string FormatNumberShort(double value);

}  // namespace tocsin::promql
