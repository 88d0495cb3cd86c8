#include "app/hook_port.h"

#include <string>
#include <utility>

#include "base/status_macros.h"

namespace tocsin::app {

absl::StatusOr<std::unique_ptr<HookPort>> HookPort::Start(
    const Config& config, std::shared_ptr<const delivery::ReceiversAndRoutes> receivers,
    delivery::Delivery& delivery, delivery::DeliveryLoop& loop, const Clock& clock,
    Metrics& metrics) {
  const auto take = [&delivery, &loop, &clock](const std::string& receiver,
                                               const opsgenie::WebhookEvent& event) {
    const bool ours = delivery.TakeWebhook(receiver, event, clock.Now());
    if (ours) loop.Wake();
    return ours;
  };
  std::unique_ptr<HookPort> port(new HookPort(take, std::move(receivers), metrics));
  http::HttpServerOptions options;
  options.name = "http";
  options.listen = config.listen.http;
  options.handler_threads = 2;
  options.express_paths = {};
  options.body_bytes_max = opsgenie::kWebhookBytesMax;
  options.connections_max = config.limits.http_connections_max;
  HookService& hooks = port->hooks_;
  TOCSIN_ASSIGN_OR_RETURN(
      port->server_,
      http::HttpServer::Start(
          options, [&hooks](const http::HttpRequest& request) { return hooks.Handle(request); },
          metrics));
  return port;
}

}  // namespace tocsin::app
