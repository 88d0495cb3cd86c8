// Any bytes as a datagram of DogStatsD:
//   - each line that is not blank is a message, or counted as dropped for one reason
//   - samples are of known series, within the time limits, with valid histograms
//   - a second bucket of the same is taken as well

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "integrations/datadog/statsd_intake.h"
#include "tests/fuzz/datadog_rig.h"
#include "tests/fuzz/input.h"

namespace tocsin::datadog {
namespace {

double SumOf(const std::string& exposition, absl::string_view metric) {
  double sum = 0;
  for (const absl::string_view line : absl::StrSplit(exposition, '\n')) {
    double value = 0;
    if (line.substr(0, metric.size()) != metric) continue;
    TOCSIN_CHECK(absl::SimpleAtod(line.substr(line.rfind(' ')), &value)) << std::string(line);
    sum += value;
  }
  return sum;
}

size_t LinesOf(absl::string_view datagram) {
  size_t lines = 0;
  for (const absl::string_view line : absl::StrSplit(datagram, '\n')) {
    lines += absl::StripTrailingAsciiWhitespace(line).empty() ? 0 : 1;
  }
  return lines;
}

void Check(absl::string_view datagram) {
  fuzz::DatadogRig rig;
  fuzz::CheckingSink sink(rig);
  SeriesResolver series(rig.limits, sink, rig.hosts, rig.metrics);
  MetricIntervals intervals(sink);
  StatsdIntake intake(
      {rig.limits, sink, series, intervals, rig.metrics},
      {.host = "h",
       .tags = {"t:1"},
       .limits = {.contexts_max = 4, .bytes_max = 4096, .histogram_buckets_max = 32}});
  intake.Datagram(datagram, fuzz::DatadogRig::kNow);
  // Metrics beyond the limits of buckets are messages and dropped.
  const std::string text = rig.metrics.ExpositionText();
  const double seen =
      SumOf(text, "tocsin_dogstatsd_messages_total{") +
      SumOf(text, "tocsin_dogstatsd_dropped_total{") -
      SumOf(text, "tocsin_dogstatsd_dropped_total{reason=\"contexts_max") -
      SumOf(text, "tocsin_dogstatsd_dropped_total{reason=\"bytes_max") -
      SumOf(text, "tocsin_dogstatsd_dropped_total{reason=\"samples_per_request_max");
  TOCSIN_CHECK(seen == static_cast<double>(LinesOf(datagram)))
      << seen << " of " << LinesOf(datagram);
  intake.Tick(fuzz::DatadogRig::kNow + absl::Seconds(10));
  intake.Datagram(datagram, fuzz::DatadogRig::kNow + absl::Seconds(10));
  intake.Finish(fuzz::DatadogRig::kNow + absl::Seconds(12));
}

}  // namespace
}  // namespace tocsin::datadog

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  tocsin::datadog::Check(tocsin::fuzz::Text(data, size));
  return 0;
}
