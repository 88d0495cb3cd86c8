#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"

// The text in which programs show their metrics. It knows nothing of where the text comes from.
namespace tocsin::scrape {

enum class ExpositionFormat {
  kText,         // Prometheus' text format 0.0.4
  kOpenMetrics,  // OpenMetrics 1.0
};

// By the Content-Type of an answer; whatever is not OpenMetrics is read as text, as Prometheus
// does.
ExpositionFormat FormatOf(absl::string_view content_type);

struct ExposedLabel {
  absl::string_view name;
  absl::string_view value;  // as it is written between the quotes; see Unescaped()
};

// Views into the text.
struct ExposedSample {
  absl::string_view series;  // all that names it: name and labels as they are written
  absl::string_view name;
  std::span<const ExposedLabel> labels;  // until the next sample
  double value = 0;                      // every NaN is the same one
  std::optional<int64_t> time_ms;
};

// Calls `take` with each sample, in order; what `take` returns ends the reading, unless it is OK.
//
// What Prometheus' own parsers take is taken, but for bytes of 0; and little else: blanks before a
// metric's name and around its type (the text format allows them), exemplars of any sample.
// Metadata and exemplars are dropped; `_created` is a sample like any other. OpenMetrics must end
// with "# EOF".
//
// Errors: InvalidArgument with line and column. Nothing of the text is repeated but names of
// labels.
absl::Status ReadExposition(ExpositionFormat format, absl::string_view text,
                            absl::FunctionRef<absl::Status(const ExposedSample&)> take);

// The value of a label, or any text with its escapes `\\`, `\"` and `\n`.
std::string Unescaped(absl::string_view text);

// Names and values of the labels of a series, `__name__` first, out of ExposedSample::series.
// Values may be empty.
std::vector<std::pair<absl::string_view, std::string>> LabelsOfSeries(absl::string_view series);

}  // namespace tocsin::scrape
