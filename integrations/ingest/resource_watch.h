#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "base/mutex.h"
#include "base/sample.h"
#include "base/timestamp.h"

namespace tocsin::ingest {

struct ResourceWatchOptions {
  absl::Duration timeout = absl::Minutes(5);      // without a request: down
  absl::Duration forget_after = absl::Hours(24);  // down for so long: gone
  size_t resources_max = 50'000;                  // further ones are not watched
};

// Whether those who push are alive, as `up` says of those who are scraped: the series
// tocsin_resource_up{job, instance} is 1 while a resource sends, 0 when it was silent for
// `timeout`, and ends when it is forgotten. Time is that of arrival, so a sender's clock does not
// matter.
//
// Each change is written at once, and the value again at least each kRewriteInterval, so that
// queries see it between two exports.
//
// After a restart Recover() is told the values that were written last: resources that were up have
// `timeout` from now on to send again, before they are down.
//
// Thread: any.
class ResourceWatch {
 public:
  static constexpr int64_t kRewriteIntervalMs = 60'000;

  explicit ResourceWatch(const ResourceWatchOptions& options) : options_(options) {}

  // A resource sent something; `series` is its tocsin_resource_up. True: a sample of 1 is due.
  bool Seen(SeriesRef series, Timestamp now);
  // Before anything else of it is told.
  void Recover(SeriesRef series, bool up, Timestamp now);
  // Samples that are due at `now`; call every few seconds.
  SampleBatch Step(Timestamp now);

  size_t resources() const;
  // Resources that were not watched since there were too many, each time they sent.
  uint64_t refused() const;

 private:
  struct Resource {
    int64_t seen_ms = 0;
    int64_t written_ms = INT64_MIN;
    bool up = true;
  };

  // Constant after construction.
  const ResourceWatchOptions options_;

  // Guarded by mutex_.
  mutable Mutex mutex_;
  absl::flat_hash_map<SeriesRef, Resource> resources_ ABSL_GUARDED_BY(mutex_);
  uint64_t refused_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace tocsin::ingest
