// Any bytes as the answer of a target, in both formats:
//   - it is read, or refused with a place inside the text
//   - samples are of known series, within the limits, and so are those of the next answer
//   - what names a series reads back as the same labels
//   - after a failure nothing of it lives

#include <string>

#include "absl/strings/match.h"
#include "base/check.h"
#include "integrations/scrape/scrape_target.h"
#include "tests/fuzz/batch_checks.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/registry_sink.h"

namespace tocsin::scrape {
namespace {

constexpr Timestamp kNow = Timestamp::FromMillis(1'700'000'000'000);

void CheckNames(ExpositionFormat format, absl::string_view text) {
  const absl::Status status = ReadExposition(format, text, [](const ExposedSample& sample) {
    const auto labels = LabelsOfSeries(sample.series);
    TOCSIN_CHECK(labels.size() == sample.labels.size() + 1);
    TOCSIN_CHECK(labels.front().second == std::string(sample.name));
    for (size_t i = 0; i < sample.labels.size(); ++i) {
      TOCSIN_CHECK(labels[i + 1].first == sample.labels[i].name);
      TOCSIN_CHECK(labels[i + 1].second == Unescaped(sample.labels[i].value));
    }
    return absl::OkStatus();
  });
  if (status.ok()) return;
  TOCSIN_CHECK(absl::IsInvalidArgument(status)) << status;
  TOCSIN_CHECK(absl::StartsWith(status.message(), "line ")) << status;
}

size_t CountEnds(const SampleBatch& batch) {
  size_t ends = 0;
  for (const double value : batch.values) ends += IsStaleMarker(value) ? 1 : 0;
  return ends;
}

void Check(ExpositionFormat format, absl::string_view text) {
  CheckNames(format, text);
  Limits limits = fuzz::SmallLimits();
  limits.scrape_samples_max = 16;
  fuzz::RegistrySink sink(limits);
  TargetConfig config;
  config.labels = {{"job", "j"}, {"exported_job", "e"}};
  config.honor_labels = text.size() % 2 == 0;
  ScrapeTarget target(limits, sink, config);
  size_t lives = 0;
  for (int i = 0; i < 2; ++i) {
    const ScrapeSamples scrape =
        target.Take(format, text, {kNow + absl::Seconds(i), absl::Seconds(1)});
    fuzz::CheckBatch(scrape.batch, limits, sink.registry, kNow + absl::Seconds(i));
    TOCSIN_CHECK((scrape.outcome == ScrapeOutcome::kOk) == scrape.error.empty());
    TOCSIN_CHECK(CountEnds(scrape.batch) == 0);  // the same text shows the same series
    lives = 0;
    for (const int64_t time_ms : scrape.batch.times_ms) {
      lives += time_ms == (kNow + absl::Seconds(i)).millis() ? 1 : 0;
    }
  }
  const auto failed = target.Fail(ScrapeOutcome::kTimeout, "", {kNow + absl::Seconds(2), {}});
  TOCSIN_CHECK(CountEnds(failed.batch) <= lives);
  TOCSIN_CHECK(CountEnds(target.Fail(ScrapeOutcome::kTimeout, "", {kNow, {}}).batch) == 0);
}

}  // namespace
}  // namespace tocsin::scrape

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using tocsin::scrape::ExpositionFormat;
  const absl::string_view text = tocsin::fuzz::Text(data, size);
  tocsin::scrape::Check(ExpositionFormat::kText, text);
  tocsin::scrape::Check(ExpositionFormat::kOpenMetrics, text);
  return 0;
}
