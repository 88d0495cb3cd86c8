#include "app/hook_port.h"

#include <optional>
#include <string>
#include <utility>

#include "base/log.h"
#include "base/status_macros.h"
#include "integrations/delivery/opsgenie_content.h"

namespace tocsin::app {

namespace {

void TakeFeedback(const opsgenie::WebhookEvent& event, FeedbackService& feedback) {
  const std::optional<std::string> word = FeedbackService::WordIn(event);
  if (!word) return;
  const std::string alias = delivery::WithoutOccurrence(event.alias);
  const auto taken = feedback.Take(alias, *word, event.user);
  if (taken.ok()) return;
  Log(LogLevel::kWarning, "feedback was not taken",
      {{"alias", alias}, {"feedback", *word}, {"error", std::string(taken.status().message())}});
}

}  // namespace

absl::StatusOr<std::unique_ptr<HookPort>> HookPort::Start(
    const Config& config, std::shared_ptr<const delivery::ReceiversAndRoutes> receivers,
    delivery::Delivery& delivery, delivery::DeliveryLoop& loop, FeedbackService& feedback,
    const Clock& clock, Metrics& metrics) {
  const auto take = [&delivery, &loop, &feedback, &clock](const std::string& receiver,
                                                          const opsgenie::WebhookEvent& event) {
    const bool ours = delivery.TakeWebhook(receiver, event, clock.Now());
    if (!ours) return false;
    loop.Wake();
    TakeFeedback(event, feedback);
    return true;
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
