#pragma once

#include <memory>
#include <string>
#include <vector>

#include "integrations/alertmanager/config.h"
#include "integrations/delivery/endpoint.h"

namespace tocsin::delivery {

// One replica of an Alertmanager (alertmanager/alerts.h). It forgets a page that is not repeated,
// and knows it by its labels.
class AlertmanagerEndpoint : public Endpoint {
 public:
  explicit AlertmanagerEndpoint(std::shared_ptr<const alertmanager::AlertmanagerConfig> config);

  http_client::HttpRequest Firing(const DesiredPage& page,
                                  const Situation& situation) const override;
  http_client::HttpRequest Resolved(const DesiredPage& page,
                                    const Situation& situation) const override;
  uint64_t ContentHash(const DesiredPage& page) const override;
  std::string Place() const override;
  std::string Account() const override;
  std::vector<std::string> Secrets() const override;
  bool send_resolved() const override { return config_->send_resolved; }
  absl::Duration repeat_interval() const override { return config_->resend_interval; }
  // Its own notifications follow the alert, however it is told.
  bool closes_before_reopening() const override { return false; }
  std::string NamingLabels(const DesiredPage& page) const override;

 private:
  http_client::HttpRequest Request(std::string body) const;

  const std::shared_ptr<const alertmanager::AlertmanagerConfig> config_;
};

}  // namespace tocsin::delivery
