#pragma once

#include <map>
#include <string>

#include "base/secret.h"

namespace tocsin::pagerduty {

// One entry of `pagerduty_configs` in tocsin.yaml. Texts are templates; one that expands to nothing
// is left out.
struct PagerdutyConfig {
  std::string url = "https://events.pagerduty.com/v2/enqueue";
  Secret routing_key;
  std::map<std::string, std::string> severity;  // ours -> PagerDuty's; see SeverityOf
  std::string client;
  std::string client_url;
  std::string event_class;  // `class`
  std::string component;
  std::string group;
  std::map<std::string, std::string> details;  // besides labels, value and condition
  bool send_resolved = true;                   // false: an incident is never resolved by us
};

// Whether PagerDuty knows the severity: critical, error, warning or info.
bool IsSeverity(const std::string& severity);
// The configured severity; else ours if PagerDuty knows it, else "error".
std::string SeverityOf(const PagerdutyConfig& config, const std::string& severity);

}  // namespace tocsin::pagerduty
