#include "tests/receivers/sim_receiver.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "base/check.h"

namespace tocsin::delivery {
namespace {

using Json = nlohmann::json;

constexpr char kWebhook[] = "webhook.example";
constexpr char kAlertmanager[] = "alertmanager.example";
constexpr char kPagerduty[] = "pagerduty.example";

int64_t Millis(const Json& text) {
  absl::Time time;
  std::string error;
  TOCSIN_CHECK(absl::ParseTime(absl::RFC3339_full, text.get<std::string>(), &time, &error))
      << error;
  return absl::ToUnixMillis(time);
}

http_client::HttpResponse Reply(int status, std::string retry_after = "") {
  http_client::HttpResponse response;
  response.status = status;
  if (!retry_after.empty()) response.headers.push_back({"Retry-After", std::move(retry_after)});
  return response;
}

}  // namespace

absl::StatusOr<http_client::HttpResponse> SimReceiver::Handle(
    const http_client::HttpRequest& request, Timestamp now) {
  AdvanceTo(now);
  requests_.push_back(request);
  if (status >= 300) return Reply(status);
  double dice = random_.Uniform();
  const auto hits = [&](double share) {
    dice -= share;
    return dice < 0;
  };
  if (hits(faults.unreachable)) return absl::UnavailableError("not reached");
  if (hits(faults.drop_before)) return absl::UnknownError("connection lost");
  if (hits(faults.late)) {
    late_.emplace(now.millis() + static_cast<int64_t>(random_.Next() % 50'000), request);
    return absl::UnknownError("deadline");
  }
  if (hits(faults.error_500)) return Reply(500);
  if (hits(faults.error_503)) return Reply(503, "7");
  if (hits(faults.throttle)) return Reply(429, "3");
  if (hits(faults.refuse)) return Reply(random_.Next() % 2 == 0 ? 400 : 404);
  Apply(request);
  if (hits(faults.drop_after)) return absl::UnknownError("connection lost");
  return Reply(status != 0 ? status : absl::StrContains(request.url, kPagerduty) ? 202 : 200);
}

void SimReceiver::AdvanceTo(Timestamp now) {
  while (!late_.empty() && late_.begin()->first <= now.millis()) {
    Apply(late_.begin()->second);
    late_.erase(late_.begin());
  }
}

void SimReceiver::Apply(const http_client::HttpRequest& request) {
  if (absl::StrContains(request.url, kWebhook)) return ApplyWebhook(request.body);
  if (absl::StrContains(request.url, kAlertmanager)) return ApplyAlerts(request.body);
  TOCSIN_CHECK(absl::StrContains(request.url, kPagerduty)) << request.url;
  ApplyEvent(request.body);
}

void SimReceiver::ApplyWebhook(const std::string& body) {
  const Json message = Json::parse(body);
  for (const Json& alert : message["alerts"]) {
    auto& alerts = hosts_[kWebhook];
    const std::string name = alert["fingerprint"];
    if (alert["status"] == "firing")
      alerts[name] = {alert["labels"]["service"], alert["labels"]["severity"], INT64_MAX};
    else
      alerts.erase(name);
  }
}

void SimReceiver::ApplyAlerts(const std::string& body) {
  for (const Json& alert : Json::parse(body)) {
    TOCSIN_CHECK(Millis(alert["startsAt"]) <= Millis(alert["endsAt"])) << body;
    hosts_[kAlertmanager][alert["labels"].dump()] = {
        alert["labels"]["service"], alert["labels"]["severity"], Millis(alert["endsAt"])};
  }
}

void SimReceiver::ApplyEvent(const std::string& body) {
  const Json event = Json::parse(body);
  auto& alerts = hosts_[kPagerduty];
  const std::string name = event["dedup_key"];
  if (event["event_action"] == "trigger")
    alerts[name] = {name, event["payload"]["severity"], INT64_MAX};
  else
    alerts.erase(name);
}

std::map<std::string, std::string> SimReceiver::Open(const std::string& host, Timestamp now) const {
  std::map<std::string, std::string> out;
  const auto found = hosts_.find(host);
  if (found == hosts_.end()) return out;
  for (const auto& [name, alert] : found->second) {
    if (alert.ends_ms <= now.millis()) continue;
    const bool one = out.emplace(alert.service, alert.severity).second;
    TOCSIN_CHECK(one) << "two alerts of one page: " << alert.service;
  }
  return out;
}

size_t SimReceiver::count(const std::string& part) const {
  return std::count_if(requests_.begin(), requests_.end(), [&](const auto& request) {
    return absl::StrContains(request.url, part) || absl::StrContains(request.body, part);
  });
}

}  // namespace tocsin::delivery
