#pragma once

#include <functional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "base/sample.h"
#include "base/timestamp.h"
#include "storage/sample_log.h"

namespace tocsin::engine {

// The times that a reader of recorded samples looks at. A negative offset looks past `newest`: by
// up to `late` it finds what is there.
struct RecordedSpan {
  Timestamp oldest;
  Timestamp newest;
};

// How far from its own time a sample may have been committed.
struct CommitSlack {
  absl::Duration late;
  absl::Duration ahead;
};

// Calls fn with batches that hold all recorded samples dated in `span` and, being given as a whole,
// others; until it returns false. What was committed a while ago is in blocks, of which only
// `wanted` series are given, sorted by series and date; what came since is in records as they came.
// `now` is by the clock that commits.
//
// Thread: any. Errors: what the log says.
absl::Status ReadRecorded(const storage::SampleLog& log, RecordedSpan span, Timestamp now,
                          CommitSlack slack, const std::function<bool(SeriesRef)>& wanted,
                          const std::function<bool(const SampleBatch&)>& fn);

}  // namespace tocsin::engine
