#include "integrations/delivery/webhook_endpoint.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "base/labels.h"
#include "integrations/webhook/payload.h"

namespace tocsin::delivery {
namespace {

http_client::Reach ReachOf(const webhook::WebhookConfig& config) {
  using http_client::HostKind;
  using http_client::Reach;
  if (config.allow_private_addresses) return Reach::kAnywhere;
  const auto url = http_client::ParseRemoteUrl(config.url.Reveal());
  const bool loopback = url.ok() && url->kind == HostKind::kLoopback;
  return loopback ? Reach::kLoopbackOnly : Reach::kPublicOnly;
}

// What services put their keys into: everything behind the host, as a whole and, since a server may
// escape the rest, in its parts.
std::vector<std::string> PathSecrets(const std::string& url) {
  constexpr size_t kKeyCharsMin = 8;
  const size_t host = url.find("://");
  const size_t path = host == std::string::npos ? host : url.find_first_of("/?", host + 3);
  if (path == std::string::npos || path + 1 == url.size()) return {};
  std::vector<std::string> secrets = {url.substr(path)};
  for (const absl::string_view part : absl::StrSplit(secrets.front(), absl::ByAnyChar("/?&="))) {
    if (part.size() >= kKeyCharsMin) secrets.emplace_back(part);
  }
  return secrets;
}

}  // namespace

WebhookEndpoint::WebhookEndpoint(std::string receiver,
                                 std::shared_ptr<const webhook::WebhookConfig> config)
    : receiver_(std::move(receiver)), config_(std::move(config)) {}

http_client::HttpRequest WebhookEndpoint::Request(std::string body) const {
  http_client::HttpRequest request;
  request.method = "POST";
  request.url = config_->url.Reveal();
  request.headers = {{"Content-Type", "application/json"}, {"User-Agent", "tocsin"}};
  http_client::Authorize(config_->credentials, request);
  request.body = std::move(body);
  request.reach = ReachOf(*config_);
  return request;
}

http_client::HttpRequest WebhookEndpoint::Firing(const DesiredPage& page,
                                                 const Situation& situation) const {
  return Request(webhook::Payload(page, receiver_, situation.starts_ms, /*resolved=*/false));
}

http_client::HttpRequest WebhookEndpoint::Resolved(const DesiredPage& page,
                                                   const Situation& situation) const {
  return Request(webhook::Payload(page, receiver_, situation.starts_ms, /*resolved=*/true));
}

uint64_t WebhookEndpoint::ContentHash(const DesiredPage& page) const {
  return Hash64(webhook::Payload(page, receiver_, 0, /*resolved=*/false));
}

std::string WebhookEndpoint::Place() const {
  return absl::StrCat("webhook ", config_->url.Reveal());
}

std::string WebhookEndpoint::Account() const {
  std::string text = config_->url.Reveal();
  for (const std::string& secret : http_client::SecretsOf(config_->credentials)) {
    absl::StrAppend(&text, "\n", secret);
  }
  return absl::StrCat("webhook#", Hash64(text));
}

std::vector<std::string> WebhookEndpoint::Secrets() const {
  std::vector<std::string> secrets = http_client::SecretsOf(config_->credentials);
  secrets.push_back(config_->url.Reveal());
  for (std::string& secret : PathSecrets(config_->url.Reveal())) {
    secrets.push_back(std::move(secret));
  }
  return secrets;
}

}  // namespace tocsin::delivery
