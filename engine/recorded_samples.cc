#include "engine/recorded_samples.h"

#include "base/status_macros.h"

namespace tocsin::engine {
namespace {

// Offsets of the records that may hold a query's samples: from begin, without those from pause up
// to resume.
struct Runs {
  uint64_t begin = 0;
  uint64_t pause = 0;
  uint64_t resume = 0;
};

// A sample dated s was committed when the clock showed s - ahead to s + late. The record may say
// more than the clock showed: the log raises commit times to the greatest so far, and after the
// clock was set back that is for hours one and the same time. So a record that says less than
// oldest - ahead holds nothing of use, but one that says more than newest + late may.
//
// Reading from there to the end would make questions about the past cost what came since. A commit
// time up to now is taken at its word, one after now proves that the clock was set back: records
// from the first of these on are read too, and nothing is left out when newest + late reaches
// now. What this misses is told in the header; to find it, the log would have to keep the clock's
// own times.
absl::StatusOr<Runs> FindRuns(const storage::SampleLog& log, RecordedSpan span, Timestamp now,
                              CommitSlack slack) {
  constexpr absl::Duration kNext = absl::Milliseconds(1);
  Runs runs;
  TOCSIN_ASSIGN_OR_RETURN(runs.begin, log.SeekToTime(span.oldest - slack.ahead));
  TOCSIN_ASSIGN_OR_RETURN(runs.resume, log.SeekToTime(now + kNext));
  TOCSIN_ASSIGN_OR_RETURN(runs.pause, log.SeekToTime(span.newest + slack.late + kNext));
  return runs;
}

}  // namespace

absl::Status ReadRecorded(const storage::SampleLog& log, RecordedSpan span, Timestamp now,
                          CommitSlack slack, const std::function<bool(SeriesRef)>& wanted,
                          const std::function<bool(const SampleBatch&)>& fn) {
  const auto hold = log.HoldRecords();
  bool goes_on = true;
  const auto read = [&](const SampleBatch& samples) { return goes_on = fn(samples); };
  storage::BlockRead blocks;
  blocks.oldest = span.oldest;
  blocks.newest = span.newest + slack.late;
  blocks.wanted = wanted;
  TOCSIN_RETURN_IF_ERROR(log.ReadBlocks(blocks, read));
  if (!goes_on) return absl::OkStatus();

  TOCSIN_ASSIGN_OR_RETURN(const Runs runs, FindRuns(log, span, now, slack));
  const bool pauses = runs.pause < runs.resume;
  TOCSIN_RETURN_IF_ERROR(log.ReadFrom(runs.begin, [&](const storage::LogRecord& record) {
    return (!pauses || record.offset < runs.pause) && read(record.samples);
  }));
  if (!pauses || !goes_on) return absl::OkStatus();
  return log.ReadFrom(runs.resume,
                      [&](const storage::LogRecord& record) { return read(record.samples); });
}

}  // namespace tocsin::engine
