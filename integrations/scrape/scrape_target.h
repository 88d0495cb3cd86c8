#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/numeric/int128.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/limits.h"
#include "base/sample.h"
#include "base/timestamp.h"
#include "engine/sample_sink.h"
#include "integrations/ingest/reject.h"
#include "integrations/scrape/config.h"
#include "integrations/scrape/exposition.h"

namespace tocsin::scrape {

// What became of a scrape; the word is a label of tocsin_scrapes_total.
enum class ScrapeOutcome {
  kOk,
  kUnreachable,  // no connection, or it broke
  kTimeout,
  kStatus,       // another answer than 200
  kBodyLimit,    // limits.scrape_body_bytes_max, or all bodies together
  kSampleLimit,  // limits.scrape_samples_max
  kFormat,       // a body that nobody can read
};
inline constexpr size_t kScrapeOutcomes = 7;
const char* ScrapeOutcomeName(ScrapeOutcome outcome);

// When it began, which dates its samples, and how long it took.
struct ScrapeTime {
  Timestamp start;
  absl::Duration took;
};

// The samples that follow from one scrape.
struct ScrapeSamples {
  ScrapeOutcome outcome = ScrapeOutcome::kOk;
  std::string error;  // what was wrong; "": nothing
  SampleBatch batch;
  ingest::RejectTally rejected;
  // Dropped, of a series that had a sample of that time already, or of a later one.
  uint64_t duplicates = 0;
};

// What is known of one target, and what samples follow from an answer or from its failure, as
// Prometheus has it:
//
// * The target's labels are added. A label of the same name that the target shows becomes
//   `exported_NAME`, or wins if honor_labels says so.
// * A sample without a timestamp, or with one that is not honoured, is dated at the scrape's start.
//   Of two of one series in one scrape the first counts.
// * A series that is not shown any more ends (a stale marker), and all of them when a scrape fails.
//   Series whose samples bring their own timestamps never end.
// * `up`, `scrape_duration_seconds`, `scrape_samples_scraped`,
//   `scrape_samples_post_metric_relabeling` (the same here) and `scrape_series_added` say how it
//   went.
//
// A body is taken as a whole or not at all. Samples beyond limits of labels, series or time are
// rejected one by one.
//
// Thread: one. Borrows limits and sink.
class ScrapeTarget {
 public:
  ScrapeTarget(const Limits& limits, engine::SampleSink& sink, TargetConfig config);

  const TargetConfig& config() const { return config_; }
  // Other settings; the labels stay, and so does what is known of its series.
  void SetConfig(TargetConfig config);

  // An answer with status 200.
  ScrapeSamples Take(ExpositionFormat format, absl::string_view body, ScrapeTime time);
  // There was none that could be used.
  ScrapeSamples Fail(ScrapeOutcome outcome, std::string error, ScrapeTime time);
  // It is scraped no more: the ends of all its series, reports included.
  ScrapeSamples End(Timestamp now);

  // A batch that never got to the engine: the ends in it are still owed, and come with the next.
  void NotTaken(const SampleBatch& batch);

 private:
  // A sample as it was read.
  struct Shown {
    absl::string_view series;
    double value;
    std::optional<int64_t> time_ms;
  };
  // What a series is called in bodies.
  struct Name {
    SeriesRef ref = 0;  // 0: rejected for `reason`
    ingest::RejectReason reason{};
    uint64_t round = 0;  // the last scrape it was in
  };
  struct Series {
    uint64_t round = 0;          // the last scrape it was in
    uint64_t dated_round = 0;    // .. with a sample that the scrape dated
    int64_t own_ms = INT64_MIN;  // newest timestamp of its own
    bool lives = false;          // has to be ended when it is gone
  };
  struct Counts {
    uint64_t scraped = 0;
    uint64_t added = 0;  // series that are new
  };

  absl::Status Read(ExpositionFormat format, absl::string_view body,
                    std::vector<Shown>& shown) const;
  // True if the series of that name is new.
  bool Add(const Shown& shown, Timestamp start, ScrapeSamples& out);
  bool InTime(int64_t time_ms, Timestamp start, ingest::RejectTally& rejected) const;
  Name NewName(absl::string_view series, ingest::RejectTally& rejected);
  Labels WithTargetLabels(absl::string_view series) const;
  void EndMissing(Timestamp at, SampleBatch& batch);
  void ForgetMissing();
  void Report(ScrapeTime time, const Counts& counts, ScrapeSamples& out);
  void AddReport(size_t index, double value, Timestamp at, ScrapeSamples& out);

  const Limits& limits_;
  engine::SampleSink& sink_;
  TargetConfig config_;

  uint64_t round_ = 0;
  absl::flat_hash_map<absl::uint128, Name> names_;  // by a hash of the text
  absl::flat_hash_map<SeriesRef, Series> series_;
  std::vector<SeriesRef> reports_;  // 0: not asked for yet
};

}  // namespace tocsin::scrape
