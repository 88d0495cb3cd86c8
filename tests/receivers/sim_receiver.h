#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/random.h"
#include "base/timestamp.h"
#include "integrations/http/http_client.h"

namespace tocsin::delivery {

// A webhook, an Alertmanager and PagerDuty, as simple as their contracts: what of each page they
// take for open. Told apart by the host: webhook.example, alertmanager.example, pagerduty.example.
class SimReceiver {
 public:
  explicit SimReceiver(uint64_t seed) : random_(seed) {}

  struct Faults {
    double unreachable = 0;  // the request does not arrive, and we know
    double drop_before = 0;  // it does not arrive, and we do not know
    double drop_after = 0;   // it takes effect, and the answer is lost
    double late = 0;         // it takes effect up to 50 s later, and the answer is lost
    double error_500 = 0;
    double error_503 = 0;  // with Retry-After
    double throttle = 0;
    double refuse = 0;  // 400 or 404: not done
  };
  Faults faults;
  // Answers everything with this status, unless it is 0.
  int status = 0;

  // Latency is the caller's business.
  absl::StatusOr<http_client::HttpResponse> Handle(const http_client::HttpRequest& request,
                                                   Timestamp now);
  // Late requests whose time has come take effect.
  void AdvanceTo(Timestamp now);

  // Values of the label `service` of the pages that are open there, with their severities.
  std::map<std::string, std::string> Open(const std::string& host, Timestamp now) const;

  const std::vector<http_client::HttpRequest>& requests() const { return requests_; }
  size_t count(const std::string& part) const;  // of requests that hold it in URL or body

 private:
  struct Alert {
    std::string service;
    std::string severity;
    int64_t ends_ms = INT64_MAX;
  };
  void Apply(const http_client::HttpRequest& request);
  void ApplyWebhook(const std::string& body);
  void ApplyAlerts(const std::string& body);
  void ApplyEvent(const std::string& body);

  SeededRandom random_;
  std::vector<http_client::HttpRequest> requests_;
  std::multimap<int64_t, http_client::HttpRequest> late_;
  std::map<std::string, std::map<std::string, Alert>> hosts_;  // host, then what names an alert
};

}  // namespace tocsin::delivery
