#include "app/hook_service.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "integrations/http/form.h"

namespace tocsin::app {
namespace {

constexpr const char* kTaken = "taken";
constexpr const char* kOurs = "ours";
constexpr const char* kUnknownAlert = "unknown_alert";
constexpr const char* kNotUnderstood = "not_understood";
constexpr const char* kWrongSecret = "wrong_secret";
constexpr const char* kWrongMethod = "wrong_method";
constexpr const char* kOutcomes[] = {kTaken,         kOurs,        kUnknownAlert,
                                     kNotUnderstood, kWrongSecret, kWrongMethod};

constexpr absl::string_view kPath = "/hooks/opsgenie/";

bool HasSecret(const opsgenie::OpsgenieConfig& config) {
  return !config.webhook_secret.empty();
}

bool Listens(const delivery::Receiver& receiver) {
  const auto& configs = receiver.opsgenie_configs;
  return std::any_of(configs.begin(), configs.end(), HasSecret);
}

}  // namespace

HookService::HookService(Take take, std::shared_ptr<const delivery::ReceiversAndRoutes> receivers,
                         Metrics& metrics)
    : take_(std::move(take)), metrics_(metrics), receivers_(std::move(receivers)) {
  Register(*receivers_);
}

void HookService::Register(const delivery::ReceiversAndRoutes& receivers) {
  for (const auto& [name, receiver] : receivers.receivers) {
    if (!Listens(receiver)) continue;
    for (const char* outcome : kOutcomes) CounterOf(name, outcome);
  }
}

prometheus::Counter& HookService::CounterOf(const std::string& receiver, const char* outcome) {
  return metrics_.Counter("tocsin_hook_requests_total",
                          "Webhooks about pages that came in, by what they were.",
                          {{"receiver", receiver}, {"outcome", outcome}});
}

void HookService::SetReceivers(std::shared_ptr<const delivery::ReceiversAndRoutes> receivers) {
  Register(*receivers);
  MutexLock lock(mutex_);
  receivers_ = std::move(receivers);
}

// `receiver` is the name of one, so that nobody can make up labels.
http::HttpReply HookService::Reply(const std::string& receiver, const char* outcome, int status,
                                   const std::string& text) {
  CounterOf(receiver, outcome).Increment();
  http::HttpReply reply;
  reply.status = status;
  reply.body = text + "\n";
  return reply;
}

bool HookService::IsAllowed(const delivery::Receiver& receiver,
                            const http::HttpRequest& request) const {
  absl::string_view given = request.Header("Authorization");
  if (!absl::ConsumePrefix(&given, "Bearer ")) return false;
  bool allowed = false;
  for (const opsgenie::OpsgenieConfig& config : receiver.opsgenie_configs) {
    allowed |= HasSecret(config) && opsgenie::SecretMatches(given, config.webhook_secret);
  }
  return allowed;
}

http::HttpReply HookService::Handle(const http::HttpRequest& request) {
  std::shared_ptr<const delivery::ReceiversAndRoutes> receivers;
  {
    MutexLock lock(mutex_);
    receivers = receivers_;
  }
  http::HttpReply absent;
  absent.status = 404;
  absent.body = "no such path; POST /hooks/opsgenie/RECEIVER takes what OpsGenie's webhook sends\n";
  std::string name;
  if (!absl::StartsWith(request.path, kPath) ||
      !http::PercentDecode(absl::string_view(request.path).substr(kPath.size()),
                           /*plus_is_space=*/false, &name)) {
    return absent;
  }
  const auto receiver = receivers->receivers.find(name);
  if (receiver == receivers->receivers.end() || !Listens(receiver->second)) return absent;
  if (request.method != "POST") return Reply(name, kWrongMethod, 405, "POST only");
  if (!IsAllowed(receiver->second, request)) {
    return Reply(name, kWrongSecret, 401, "the secret is missing or wrong");
  }
  const auto event = opsgenie::ParseWebhook(request.body);
  if (!event.ok()) {
    const int status = absl::IsResourceExhausted(event.status()) ? 413 : 400;
    return Reply(name, kNotUnderstood, status, std::string(event.status().message()));
  }
  if (opsgenie::IsOurs(*event)) return Reply(name, kOurs, 200, "our own doing");
  return take_(name, *event) ? Reply(name, kTaken, 200, "taken")
                             : Reply(name, kUnknownAlert, 200, "no page of ours");
}

}  // namespace tocsin::app
