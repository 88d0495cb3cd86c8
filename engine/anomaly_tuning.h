#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "base/labels.h"
#include "base/timestamp.h"
#include "engine/anomaly_replay.h"
#include "rules/rule.h"

namespace tocsin::engine {

// A page that a monitor would have opened.
struct ReplayedPage {
  Labels labels;  // of the alert, without severity and external labels
  Timestamp since;
  std::optional<Timestamp> until;          // absent: it is open at the end
  rules::Level level = rules::Level::kOk;  // the worst it had
  std::string reason;                      // of that level, as the page says it
};

// What a monitor would have done with one sensitivity.
struct SensitivityOutcome {
  double sensitivity = 1;
  std::vector<ReplayedPage> pages;  // in the order they opened in
  size_t series_paged = 0;
  absl::Duration alarm_time;  // of all series together, within judged_time

  size_t PagesOf(rules::Level level) const;  // whose worst level it is
};

// Times of series are the evaluations in which their row was there, times the monitor's interval.
struct TuningReport {
  RecordedSpan span;           // what was replayed, see SpanOfRecorded()
  size_t series = 0;           // rows the query gave at any time
  size_t series_judged = 0;    // of these, those that were not learning all the time
  size_t left_out = 0;         // rows that found no room, at most at one time
  absl::Duration series_time;  // of all series together
  absl::Duration judged_time;  // without what was only learned
  uint64_t evaluations = 0;
  std::vector<SensitivityOutcome> outcomes;  // as asked

  // Per week of one series' judged time; nullopt: nothing was judged.
  std::optional<double> PagesAWeekAndSeries(const SensitivityOutcome& outcome) const;
  // Share of judged time in which a page was open; nullopt likewise.
  std::optional<double> AlarmShare(const SensitivityOutcome& outcome) const;
};

struct TuningOptions {
  std::vector<double> sensitivities;  // each above 0
  size_t rows_max = 10'000;           // Limits::alerts_per_rule_max
  Labels external_labels;
};

// Replays an anomaly monitor over all that is recorded, once, with one detector and one table of
// alerts for each sensitivity: the code that runs live, and as there nothing is known of what comes
// later. Unlike there, samples that came late are in time, templates run no queries, and downtime
// is not known: what is missing is missing.
//
// Memory: 2 kB for each row and sensitivity, and that of ReplayRecorded(). Thread: any; borrows all
// during the call. Errors: those of ReplayRecorded(); InvalidArgument (a sensitivity); NotFound
// (nothing is recorded).
absl::StatusOr<TuningReport> TuneAnomaly(const rules::Monitor& monitor, const RecordedPast& past,
                                         const TuningOptions& options);

}  // namespace tocsin::engine
