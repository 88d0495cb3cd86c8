#pragma once

#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "engine/sample_sink.h"
#include "integrations/datadog/host_tags.h"
#include "integrations/datadog/sent.h"
#include "integrations/ingest/reject.h"
#include "integrations/ingest/series_cache.h"

namespace tocsin::datadog {

// Series as Datadog names them -> references, with the tags of their host joined. One that is known
// costs a hash of the bytes that name it.
//
// A series is taken at once, also while the tags of its host are not known: what pages must not
// wait for an inventory. When they come, or change, the host's series go on under other labels.
// Those under the labels before are handed out by TakeOutdated(), so that they can be ended rather
// than count twice until they are stale.
//
// Metrics: tocsin_datadog_series_without_host_tags_total (at first sight, of a host whose tags are
// not known).
//
// Thread: any. Borrows all arguments of the constructor. Limits: remembers twice series_max series,
// and of series_max to which host they belong.
class SeriesResolver {
 public:
  SeriesResolver(const Limits& limits, engine::SampleSink& sink, const HostTags& hosts,
                 Metrics& metrics);

  // 0 if its `samples` were rejected, which is added to `rejected`. Errors: what the sink returns
  // besides InvalidArgument and ResourceExhausted. `sender`: the host it came from, whose new
  // series are counted.
  absl::StatusOr<SeriesRef> Resolve(const SentIdentity& identity, absl::string_view sender,
                                    uint64_t samples, ingest::RejectTally& rejected);

  // The tags of `host` changed: the series that it has are outdated.
  void MarkOutdated(absl::string_view host);
  // What is to be ended; ascending.
  std::vector<SeriesRef> TakeOutdated(absl::string_view host);
  // They could not be ended: they are handed out again.
  void ReturnOutdated(absl::string_view host, const std::vector<SeriesRef>& refs);

 private:
  absl::StatusOr<SeriesRef> NewSeries(const SentIdentity& identity, const std::string& host,
                                      const HostTagSet* tags, absl::string_view sender,
                                      uint64_t samples, ingest::RejectTally& rejected);
  void Remember(const std::string& host, SeriesRef ref);

  struct HostSeries {
    absl::flat_hash_set<SeriesRef> current;
    absl::flat_hash_set<SeriesRef> outdated;
  };

  // Constant after construction.
  const size_t refs_max_;
  engine::SampleSink& sink_;
  const HostTags& hosts_;
  prometheus::Counter& without_host_tags_;  // safe from any thread

  ingest::SeriesCache cache_;  // safe from any thread

  // Guarded by mutex_.
  Mutex mutex_;
  absl::flat_hash_map<std::string, HostSeries> series_of_host_ ABSL_GUARDED_BY(mutex_);
  size_t refs_ ABSL_GUARDED_BY(mutex_) = 0;  // of all hosts
};

}  // namespace tocsin::datadog
