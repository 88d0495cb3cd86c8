#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "app/config.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "engine/sample_sink.h"
#include "integrations/access/access.h"
#include "integrations/datadog/api_keys.h"
#include "integrations/datadog/host_tags.h"
#include "integrations/datadog/intake.h"
#include "integrations/datadog/intake_routes.h"
#include "integrations/datadog/log_intake.h"
#include "integrations/datadog/metric_intervals.h"
#include "integrations/datadog/series_resolver.h"
#include "integrations/datadog/statsd_intake.h"
#include "integrations/datadog/statsd_server.h"
#include "integrations/ingest/http_front.h"
#include "integrations/ingest/log_counters.h"
#include "storage/store.h"

namespace tocsin::app {

// What Datadog's senders come to: the intakes of metrics and of logs, whose routes the HTTP port
// serves, and DogStatsD's ports, if there are any. Both name series alike and share the tags of
// hosts.
//
// A key may be one of `datadog.api_keys`, or a token of `access.tokens` with the scope ingest;
// while neither is configured any key may.
//
// Thread: one caller; the routes are for any. Borrows all arguments, which outlive it. Life:
// construct after the engine has recovered; Stop() DogStatsD before the engine stops, and end after
// the HTTP port and the engine.
class DatadogSenders {
 public:
  struct Parts {
    storage::Store& store;
    engine::SampleSink& sink;
    ingest::LogCounters& logs;  // used while the HTTP port serves
    access::Access& access;
    const Limits& limits;
    const Clock& clock;
    Metrics& metrics;
  };

  // Errors: the store's, those of DogStatsD's sockets.
  static absl::StatusOr<std::unique_ptr<DatadogSenders>> Start(const Parts& parts,
                                                               const Config& config);
  ~DatadogSenders() { Stop(); }

  // From now on these are the keys.
  void SetKeys(const datadog::DatadogConfig& config);
  // Adds the routes of the intakes to the HTTP port.
  void AddRoutes(ingest::HttpFront& front) { datadog::AddRoutes(intake_, log_intake_, front); }
  // DogStatsD takes what is there and ends.
  void Stop();

 private:
  DatadogSenders(const Parts& parts, const Config& config);
  bool Accepts(absl::string_view key, absl::string_view peer);

  const Parts parts_;
  datadog::HostTags hosts_;
  datadog::SeriesResolver series_;
  datadog::MetricIntervals intervals_;
  datadog::Intake intake_;
  datadog::LogIntake log_intake_;
  std::unique_ptr<datadog::StatsdIntake> statsd_;  // null: nobody listens
  std::unique_ptr<datadog::StatsdServer> statsd_server_;

  Mutex mutex_;
  std::shared_ptr<const datadog::ApiKeys> keys_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace tocsin::app
