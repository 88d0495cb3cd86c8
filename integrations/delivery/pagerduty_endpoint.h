#pragma once

#include <memory>
#include <string>
#include <vector>

#include "integrations/delivery/endpoint.h"
#include "integrations/page/page_text.h"
#include "integrations/pagerduty/config.h"

namespace tocsin::delivery {

// A PagerDuty integration (pagerduty/event.h). If its routing key changes to that of another
// service, open incidents stay open at the old one: PagerDuty takes a resolve from nobody else.
class PagerdutyEndpoint : public Endpoint {
 public:
  PagerdutyEndpoint(std::shared_ptr<const pagerduty::PagerdutyConfig> config,
                    page::Expander expander);

  http_client::HttpRequest Firing(const DesiredPage& page,
                                  const Situation& situation) const override;
  http_client::HttpRequest Resolved(const DesiredPage& page,
                                    const Situation& situation) const override;
  uint64_t ContentHash(const DesiredPage& page) const override;
  std::string Place() const override;
  std::string Account() const override;
  std::vector<std::string> Secrets() const override;
  bool send_resolved() const override { return config_->send_resolved; }
  bool has_minimal_form() const override { return true; }
  // Any other success comes from something that is not PagerDuty.
  bool Confirms(int status) const override { return status == 202; }

 private:
  http_client::HttpRequest Request(std::string body) const;

  const std::shared_ptr<const pagerduty::PagerdutyConfig> config_;
  const page::Expander expander_;
};

}  // namespace tocsin::delivery
