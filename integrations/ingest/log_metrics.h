#pragma once

#include <string>

#include "base/metrics.h"
#include "integrations/ingest/ingest_metrics.h"
#include "integrations/ingest/log_decode.h"

namespace tocsin::ingest {

// What the ports count of log records. Thread: any.
struct LogMetrics {
  LogMetrics(Metrics& metrics, const std::string& protocol)
      : requests(metrics, protocol),
        records(
            metrics.Counter("tocsin_log_records_total", "Log records compared with the rules.")),
        dropped(metrics.Counter("tocsin_log_matches_dropped_total",
                                "Log records that matched and found no room for a counter.")) {}

  // What was in a request that was taken; `samples` of counters were committed.
  void AddTaken(const LogSamples& result, size_t samples) {
    requests.AddSamples(samples);
    requests.AddRejected(result.rejected);
    records.Increment(static_cast<double>(result.records));
    dropped.Increment(static_cast<double>(result.dropped));
  }

  IngestMetrics requests;
  prometheus::Counter& records;
  prometheus::Counter& dropped;
};

}  // namespace tocsin::ingest
