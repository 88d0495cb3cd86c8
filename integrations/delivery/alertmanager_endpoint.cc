#include "integrations/delivery/alertmanager_endpoint.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/labels.h"
#include "integrations/alertmanager/alerts.h"

namespace tocsin::delivery {

AlertmanagerEndpoint::AlertmanagerEndpoint(
    std::shared_ptr<const alertmanager::AlertmanagerConfig> config)
    : config_(std::move(config)) {}

http_client::HttpRequest AlertmanagerEndpoint::Request(std::string body) const {
  http_client::HttpRequest request;
  request.method = "POST";
  request.url = absl::StrCat(config_->url, "/api/v2/alerts");
  request.headers = {{"Content-Type", "application/json"}, {"User-Agent", "tocsin"}};
  http_client::Authorize(config_->credentials, request);
  request.body = std::move(body);
  return request;
}

http_client::HttpRequest AlertmanagerEndpoint::Firing(const DesiredPage& page,
                                                      const Situation& situation) const {
  return Request(alertmanager::Firing(page, *config_, {situation.starts_ms, situation.now.millis()},
                                      situation.former_labels));
}

http_client::HttpRequest AlertmanagerEndpoint::Resolved(const DesiredPage& page,
                                                        const Situation& situation) const {
  return Request(alertmanager::Resolved(page, {situation.starts_ms, situation.now.millis()},
                                        situation.former_labels));
}

uint64_t AlertmanagerEndpoint::ContentHash(const DesiredPage& page) const {
  return Hash64(alertmanager::Firing(page, *config_, {}, {}));
}

std::string AlertmanagerEndpoint::Place() const {
  return absl::StrCat("alertmanager ", config_->url);
}

std::string AlertmanagerEndpoint::Account() const {
  std::string keys;
  for (const std::string& secret : Secrets()) absl::StrAppend(&keys, "\n", secret);
  return absl::StrCat("alertmanager ", config_->url, "#", Hash64(keys));
}

std::vector<std::string> AlertmanagerEndpoint::Secrets() const {
  return http_client::SecretsOf(config_->credentials);
}

std::string AlertmanagerEndpoint::NamingLabels(const DesiredPage& page) const {
  return std::string(alertmanager::AlertLabels(page).canonical());
}

}  // namespace tocsin::delivery
