#include "integrations/delivery/pagerduty_endpoint.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "base/labels.h"
#include "integrations/pagerduty/event.h"

namespace tocsin::delivery {

PagerdutyEndpoint::PagerdutyEndpoint(std::shared_ptr<const pagerduty::PagerdutyConfig> config,
                                     page::Expander expander)
    : config_(std::move(config)), expander_(std::move(expander)) {}

http_client::HttpRequest PagerdutyEndpoint::Request(std::string body) const {
  http_client::HttpRequest request;
  request.method = "POST";
  request.url = config_->url;
  request.headers = {{"Content-Type", "application/json"}, {"User-Agent", "tocsin"}};
  request.body = std::move(body);
  return request;
}

http_client::HttpRequest PagerdutyEndpoint::Firing(const DesiredPage& page,
                                                   const Situation& situation) const {
  return Request(situation.minimal
                     ? pagerduty::MinimalTrigger(page, *config_)
                     : pagerduty::Trigger(page, *config_, expander_, situation.starts_ms));
}

http_client::HttpRequest PagerdutyEndpoint::Resolved(const DesiredPage& page,
                                                     const Situation&) const {
  return Request(pagerduty::Resolve(page, *config_));
}

uint64_t PagerdutyEndpoint::ContentHash(const DesiredPage& page) const {
  return Hash64(pagerduty::Content(page, *config_, expander_));
}

std::string PagerdutyEndpoint::Place() const {
  return absl::StrCat("pagerduty ", config_->url);
}

std::string PagerdutyEndpoint::Account() const {
  return absl::StrCat(config_->url, "#", Hash64(config_->routing_key.Reveal()));
}

std::vector<std::string> PagerdutyEndpoint::Secrets() const {
  return {config_->routing_key.Reveal()};
}

}  // namespace tocsin::delivery
