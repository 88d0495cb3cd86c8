#pragma once

#include <ostream>
#include <string>

#include "app/admin_client.h"

namespace tocsin::app {

struct AlertsOptions {
  ServerTarget server;
  bool json = false;  // the server's answer as it is
};

// Prints the pending and firing alerts of a running server, firing ones first. Exit codes: 0; 2 if
// it does not answer.
int RunAlerts(const AlertsOptions& options, http_client::HttpTransport& transport,
              std::ostream& out, std::ostream& err);

}  // namespace tocsin::app
