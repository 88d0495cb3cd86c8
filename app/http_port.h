#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "app/config.h"
#include "app/datadog_senders.h"
#include "app/feedback_service.h"
#include "app/hook_service.h"
#include "app/otlp_senders.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "engine/sample_sink.h"
#include "integrations/access/access.h"
#include "integrations/delivery/delivery.h"
#include "integrations/delivery/delivery_loop.h"
#include "integrations/http/http_server.h"
#include "integrations/ingest/http_front.h"
#include "integrations/ingest/log_http.h"
#include "integrations/ingest/otlp_http.h"
#include "integrations/ingest/remote_write_http.h"

namespace tocsin::app {

// The HTTP port that senders and webhooks come to: OTLP, Prometheus' remote write, OpsGenie's
// webhooks.
//
// Thread: any. Borrows everything it is made with.
class HttpPort {
 public:
  struct Parts {
    const Limits& limits;
    engine::SampleSink& sink;
    delivery::Delivery& delivery;
    delivery::DeliveryLoop& loop;
    FeedbackService& feedback;
    access::Access& access;
    OtlpSenders& otlp_senders;
    DatadogSenders& datadog;
    ingest::SenderRates& rates;
    const Clock& clock;
    Metrics& metrics;
  };

  // Listens at `config.listen.http`. `files_max`: that this process can have open; half of them at
  // most become connections. Errors: Unavailable, InvalidArgument.
  static absl::StatusOr<std::unique_ptr<HttpPort>> Start(
      const Config& config, const Parts& parts,
      std::shared_ptr<const delivery::ReceiversAndRoutes> receivers, uint64_t files_max);

  void SetReceivers(std::shared_ptr<const delivery::ReceiversAndRoutes> receivers) {
    hooks_.SetReceivers(std::move(receivers));
  }
  // See http::HttpServer::SetTls.
  absl::Status SetTls(const AccessConfig& access) {
    return server_->SetTls(access.tls, access.tls_material);
  }
  uint16_t port() const { return server_->port(); }
  // New requests are told to try again, those under way are finished for up to `grace`.
  void Stop(absl::Duration grace);

 private:
  HttpPort(const Parts& parts, std::shared_ptr<const delivery::ReceiversAndRoutes> receivers);

  HookService hooks_;
  ingest::OtlpHttp otlp_;
  ingest::LogHttp logs_;
  ingest::RemoteWriteHttp remote_write_;
  ingest::HttpFront front_;
  std::unique_ptr<http::HttpServer> server_;  // last: goes before what it calls
};

}  // namespace tocsin::app
