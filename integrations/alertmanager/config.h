#pragma once

#include <string>

#include "absl/time/time.h"
#include "integrations/http/credentials.h"

namespace tocsin::alertmanager {

// One replica of an Alertmanager. An entry of `alertmanager_configs` in tocsin.yaml is as many of
// these as it has URLs: replicas do not pass alerts on to each other.
struct AlertmanagerConfig {
  std::string url;  // up to and without /api/v2
  http_client::Credentials credentials;
  // An alert says of itself that it ends after four of these, so three may be lost.
  absl::Duration resend_interval = absl::Minutes(1);
  bool send_resolved = true;  // false: it ends by itself
};

}  // namespace tocsin::alertmanager
