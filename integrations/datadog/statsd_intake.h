#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "base/timestamp.h"
#include "engine/sample_sink.h"
#include "integrations/datadog/metric_intervals.h"
#include "integrations/datadog/sample_taker.h"
#include "integrations/datadog/series_resolver.h"
#include "integrations/datadog/statsd_buckets.h"
#include "integrations/datadog/statsd_message.h"
#include "integrations/ingest/ingest_metrics.h"

namespace tocsin::datadog {

// Datagrams of DogStatsD -> samples, as an Agent in between would do it: metrics are aggregated in
// buckets of 10 s, what has a time of its own, service checks and events are taken as they are.
//
// Samples that the sink does not take are offered again with the next Tick(), the newest minute of
// them.
//
// Metrics: those of IngestMetrics with protocol="dogstatsd", tocsin_dogstatsd_messages_total{kind},
// tocsin_dogstatsd_dropped_total{reason}, tocsin_dogstatsd_contexts.
//
// Thread: one; the sink may call back on any. Borrows all arguments of the constructor.
class StatsdIntake {
 public:
  struct Parts {
    const Limits& limits;
    engine::SampleSink& sink;
    SeriesResolver& series;
    MetricIntervals& intervals;
    Metrics& metrics;
  };
  struct Options {
    std::string host;               // of metrics that name none; "": no label
    std::vector<std::string> tags;  // added to all
    StatsdLimits limits;
  };

  StatsdIntake(const Parts& parts, Options options);

  // One datagram: lines, each a message. One that is not understood costs no other.
  void Datagram(absl::string_view bytes, Timestamp now);
  // The part of a datagram that did not fit was lost.
  void NoteTruncated() { Drop("truncated"); }
  // Datagrams that the system had no room for.
  void NoteLost(uint64_t datagrams) { Drop("receive_buffer", datagrams); }

  // At least once a second: closes the bucket if it is over, and gives what there is to the sink.
  void Tick(Timestamp now);
  // The same at the end of the service: the bucket under way, too.
  void Finish(Timestamp now);

  // The reasons of tocsin_dogstatsd_dropped_total besides those of StatsdProblemName().
  static const std::vector<std::string>& DropReasons();

 private:
  // Batches the sink did not take; shared with calls back that leave.
  struct Unsent {
    Mutex mutex;
    std::deque<SampleBatch> batches ABSL_GUARDED_BY(mutex);
  };

  void Line(absl::string_view line, Timestamp now);
  void TakeMetric(Timestamp now);
  absl::string_view HostAndTags(absl::string_view host, const std::vector<absl::string_view>& sent);
  void Note(const absl::Status& taken);
  void Submit();
  void Offer(SampleBatch batch);
  void Drop(const std::string& reason, uint64_t count = 1);
  SampleTaker& Taker(Timestamp now);

  // Constant after construction.
  const Parts parts_;
  const Options options_;
  std::map<std::string, prometheus::Counter*> dropped_;
  prometheus::Counter& metric_messages_;
  prometheus::Counter& event_messages_;
  prometheus::Counter& check_messages_;
  prometheus::Gauge& contexts_;
  ingest::IngestMetrics metrics_;

  StatsdBuckets buckets_;
  StatsdMessage message_;
  std::vector<absl::string_view> tags_;  // of the message, with options_.tags, without `host:`
  uint64_t events_ = 0;
  std::optional<SampleTaker> taker_;  // what came since the last Tick()
  const std::shared_ptr<Unsent> unsent_ = std::make_shared<Unsent>();
};

}  // namespace tocsin::datadog
