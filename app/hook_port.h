#pragma once

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "app/config.h"
#include "app/feedback_service.h"
#include "app/hook_service.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "integrations/delivery/delivery.h"
#include "integrations/delivery/delivery_loop.h"
#include "integrations/http/http_server.h"

namespace tocsin::app {

// The HTTP port that senders and webhooks come to.
//
// Thread: any. Borrows everything it is made with.
class HookPort {
 public:
  // Listens at `config.listen.http`. Errors: Unavailable, InvalidArgument.
  static absl::StatusOr<std::unique_ptr<HookPort>> Start(
      const Config& config, std::shared_ptr<const delivery::ReceiversAndRoutes> receivers,
      delivery::Delivery& delivery, delivery::DeliveryLoop& loop, FeedbackService& feedback,
      const Clock& clock, Metrics& metrics);

  void SetReceivers(std::shared_ptr<const delivery::ReceiversAndRoutes> receivers) {
    hooks_.SetReceivers(std::move(receivers));
  }
  uint16_t port() const { return server_->port(); }
  void Stop() { server_->Stop(); }

 private:
  HookPort(HookService::Take take, std::shared_ptr<const delivery::ReceiversAndRoutes> receivers,
           Metrics& metrics)
      : hooks_(std::move(take), std::move(receivers), metrics) {}

  HookService hooks_;
  std::unique_ptr<http::HttpServer> server_;
};

}  // namespace tocsin::app
