#pragma once

#include <memory>
#include <string>
#include <vector>

#include "integrations/delivery/endpoint.h"
#include "integrations/webhook/config.h"

namespace tocsin::delivery {

// A URL that takes Alertmanager's webhook body (webhook/payload.h).
class WebhookEndpoint : public Endpoint {
 public:
  WebhookEndpoint(std::string receiver, std::shared_ptr<const webhook::WebhookConfig> config);

  http_client::HttpRequest Firing(const DesiredPage& page,
                                  const Situation& situation) const override;
  http_client::HttpRequest Resolved(const DesiredPage& page,
                                    const Situation& situation) const override;
  uint64_t ContentHash(const DesiredPage& page) const override;
  std::string Place() const override;
  std::string Account() const override;
  std::vector<std::string> Secrets() const override;
  bool send_resolved() const override { return config_->send_resolved; }

 private:
  http_client::HttpRequest Request(std::string body) const;

  const std::string receiver_;
  const std::shared_ptr<const webhook::WebhookConfig> config_;
};

}  // namespace tocsin::delivery
