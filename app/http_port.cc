#include "app/http_port.h"

#include <algorithm>
#include <optional>
#include <string>
#include <thread>
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

HookService::Take TakeHook(const HttpPort::Parts& parts) {
  return [parts](const std::string& receiver, const opsgenie::WebhookEvent& event) {
    const bool ours = parts.delivery.TakeWebhook(receiver, event, parts.clock.Now());
    if (!ours) return false;
    parts.loop.Wake();
    TakeFeedback(event, parts.feedback);
    return true;
  };
}

// Webhooks say by a secret of their own who they are, and must not wait for samples.
ingest::HttpRoute HookRoute(HookService& hooks) {
  ingest::HttpRoute route;
  route.path = "/hooks/";
  route.methods = {};
  route.encodings = {ingest::ContentEncoding::kIdentity};
  route.bytes_max = opsgenie::kWebhookBytesMax;
  route.authorize = [](const http::HttpRequest&) { return absl::OkStatus(); };
  route.express = true;
  route.limits_rate = false;
  route.handle = [&hooks](const http::HttpRequest& request, const ingest::IngestContext&,
                          const http::Respond& respond) { respond(hooks.Handle(request)); };
  return route;
}

http::HttpServerOptions ServerOptionsOf(const Config& config, const Limits& limits,
                                        uint64_t files_max) {
  http::HttpServerOptions options;
  options.name = "http";
  options.listen = config.listen.http;
  // And one, since no host has all of them.
  options.handler_threads = std::max(2U, std::thread::hardware_concurrency() / 2) + 1;
  options.express_paths = {};
  options.header_bytes_max = 8 << 10;
  options.body_bytes_max = SIZE_MAX;  // the routes have theirs
  if (config.access.TlsOn("http")) {
    options.tls = config.access.tls;
    options.tls_material = config.access.tls_material;
  }
  options.connections_max = std::min(limits.ingest_connections_max, files_max / 2);
  if (options.connections_max < limits.ingest_connections_max) {
    Log(LogLevel::kWarning, "fewer connections than ingest_connections_max: too few open files",
        {{"files_max", files_max}, {"connections_max", uint64_t{options.connections_max}}});
  }
  return options;
}

}  // namespace

HttpPort::HttpPort(const Parts& parts,
                   std::shared_ptr<const delivery::ReceiversAndRoutes> receivers)
    : hooks_(TakeHook(parts), std::move(receivers), parts.metrics),
      otlp_(parts.limits, parts.sink, parts.metrics, parts.otlp_senders.otlp()),
      logs_(parts.limits, parts.sink, parts.metrics, parts.otlp_senders.logs()),
      remote_write_(parts.limits, parts.sink, parts.metrics, &parts.otlp_senders.exemplars()),
      front_(parts.limits, parts.clock, parts.metrics, parts.rates) {
  front_.SetAuthorize([&access = parts.access](const http::HttpRequest& head) {
    const auto token = access::BearerToken(head.Header("Authorization"));
    return access.Check({"http", head.peer, token}, access::Scope::kIngest).status();
  });
  front_.AddRoute(HookRoute(hooks_));
  front_.AddRoute(otlp_.route());
  front_.AddRoute(logs_.route());
  front_.AddRoute(remote_write_.route());
  parts.datadog.AddRoutes(front_);
}

absl::StatusOr<std::unique_ptr<HttpPort>> HttpPort::Start(
    const Config& config, const Parts& parts,
    std::shared_ptr<const delivery::ReceiversAndRoutes> receivers, uint64_t files_max) {
  std::unique_ptr<HttpPort> port(new HttpPort(parts, std::move(receivers)));
  TOCSIN_ASSIGN_OR_RETURN(port->server_,
                          http::HttpServer::Start(ServerOptionsOf(config, parts.limits, files_max),
                                                  port->front_.admit(), parts.metrics));
  return port;
}

void HttpPort::Stop(absl::Duration grace) {
  front_.Drain();
  server_->Stop(grace);
}

}  // namespace tocsin::app
