#pragma once

#include <optional>
#include <vector>

#include "absl/strings/string_view.h"
#include "integrations/datadog/checks_and_events.h"

namespace tocsin::datadog {

enum class StatsdType { kGauge, kCount, kHistogram, kTiming, kSet, kDistribution };

// `name:value[:value..]|type[|@rate][|#tag,..][|T<unix seconds>]`; other fields (the container
// `c:`, `e:`, `card:`, and what newer protocols bring) are skipped.
struct StatsdMetric {
  absl::string_view name;
  StatsdType type = StatsdType::kGauge;
  std::vector<double> values;   // finite; of all types but sets at least one
  absl::string_view set_value;  // of sets alone
  double sample_rate = 1;       // above 0, at most 1
  std::vector<absl::string_view> tags;
  std::optional<int64_t> time_s;  // above 0; of gauges and counts alone
};

// Why a line was not taken; the word is the label of a counter.
enum class StatsdProblem {
  kNone,
  kFormat,
  kType,
  kValue,
  kSampleRate,
  kTimestamp,
  kEvent,
  kServiceCheck
};
inline constexpr StatsdProblem kStatsdProblems[] = {
    StatsdProblem::kFormat,      StatsdProblem::kType,      StatsdProblem::kValue,
    StatsdProblem::kSampleRate,  StatsdProblem::kTimestamp, StatsdProblem::kEvent,
    StatsdProblem::kServiceCheck};
const char* StatsdProblemName(StatsdProblem problem);

// One line of a datagram, of DogStatsD's protocol up to 1.6. Views into the line. Reuse it: the
// vectors keep their memory.
struct StatsdMessage {
  enum class Kind { kMetric, kEvent, kServiceCheck };
  Kind kind = Kind::kMetric;
  StatsdMetric metric;
  SentEvent event;
  SentCheck check;

  // `_e{`, `_sc`, and everything else as a metric. What stands in the object is only of use if it
  // returns kNone.
  StatsdProblem Parse(absl::string_view line);

 private:
  StatsdProblem ParseMetric(absl::string_view line);
  StatsdProblem ParseMetricField(absl::string_view field);
  StatsdProblem ParseValues(absl::string_view text);
  StatsdProblem ParseEvent(absl::string_view line);
  StatsdProblem ParseServiceCheck(absl::string_view line);
};

}  // namespace tocsin::datadog
