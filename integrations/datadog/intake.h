#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "base/timestamp.h"
#include "engine/sample_sink.h"
#include "integrations/datadog/api_keys.h"
#include "integrations/datadog/host_tags.h"
#include "integrations/datadog/metric_intervals.h"
#include "integrations/datadog/sample_taker.h"
#include "integrations/datadog/series_resolver.h"
#include "integrations/http/http_message.h"
#include "integrations/ingest/ingest_context.h"
#include "integrations/ingest/ingest_metrics.h"

namespace tocsin::datadog {

// What a Datadog Agent, and clients of Datadog's API, post: series, sketches, check runs, events,
// and the tags of hosts.
//
// An Agent drops for good what is answered 400, 403 and 413, and repeats everything else from 400
// on, without end. So 400 is for bodies that nobody can read, one bad series is left out and
// counted, and every route that we have no use for is answered 202. A route whose data would be
// lost silently (the columnar format v3) is refused with 400 and a text, which Agents log.
//
// Metrics: those of IngestMetrics with protocol="datadog", tocsin_datadog_events_total,
// tocsin_datadog_hidden_series_total, tocsin_datadog_forbidden_requests_total,
// tocsin_datadog_ignored_requests_total.
//
// Thread: any, many at once; answers from whichever thread the sink calls back on. Borrows all
// arguments of the constructor; the sink must have called back for all it took before this ends.
// Keys never leave it: not in answers, logs or metrics.
class Intake {
 public:
  using AcceptsKey = std::function<bool(absl::string_view key, absl::string_view peer)>;
  using Respond = std::function<void(http::HttpReply)>;

  struct Parts {
    const Limits& limits;
    engine::SampleSink& sink;
    HostTags& hosts;
    SeriesResolver& series;
    MetricIntervals& intervals;
    Metrics& metrics;
  };
  Intake(const Parts& parts, AcceptsKey accepts_key);

  // Whether the sender may send, from the request's head alone. PermissionDenied if not, and
  // counted.
  absl::Status Authorize(const http::HttpRequest& head);
  // What an error is told as.
  static http::HttpReply Refusal(int status, const absl::Status& reason);

  // A request that is authorized. `body` is plain. Calls `respond` exactly once, maybe before it
  // returns.
  void Handle(http::HttpRequest request, const ingest::IngestContext& context, Respond respond);

  // From now on samples are answered 503; requests under way are finished.
  void Drain() { draining_ = true; }
  // Requests not answered yet.
  int under_way() const { return *under_way_; }

 private:
  struct Exchange;
  using Decode = absl::Status (*)(absl::string_view body, SampleTaker& taker);

  void Route(absl::string_view path, const std::shared_ptr<Exchange>& exchange);
  void RoutePost(absl::string_view path, const std::shared_ptr<Exchange>& exchange);
  void Samples(Decode decode, const std::shared_ptr<Exchange>& exchange);
  void Event(const std::shared_ptr<Exchange>& exchange);
  void HostDocument(const std::shared_ptr<Exchange>& exchange);
  absl::Status TakeHostTags(const std::string& body, Exchange& exchange);
  void AddStaleMarkers(Exchange& exchange);
  void Submit(const std::shared_ptr<Exchange>& exchange);
  void Finish(Exchange& exchange, const absl::Status& status, size_t samples);
  void Fail(Exchange& exchange, const absl::Status& status);
  void Ignore(Exchange& exchange);
  void Answer(Exchange& exchange, http::HttpReply reply);

  // Constant after construction.
  const Limits& limits_;
  engine::SampleSink& sink_;
  const AcceptsKey accepts_key_;
  prometheus::Counter& events_;
  prometheus::Counter& hidden_series_;
  prometheus::Counter& forbidden_;
  prometheus::Counter& ignored_;

  // Safe from any thread.
  HostTags& hosts_;
  SeriesResolver& series_;
  MetricIntervals& intervals_;
  ingest::IngestMetrics metrics_;
  std::atomic<bool> draining_ = false;
  // Shared with answers that leave: with the last of them the intake may be gone.
  const std::shared_ptr<std::atomic<int>> under_way_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace tocsin::datadog
