#pragma once

#include <ostream>
#include <string>

#include "app/admin_client.h"

namespace tocsin::app {

struct StatusOptions {
  ServerTarget server;
};

// Prints how a running server is: version, readiness, rules and their errors, alerts. Exit codes: 0
// ready and all rules evaluate; 1 not ready or a rule fails; 2 if it does not answer.
int RunStatus(const StatusOptions& options, http_client::HttpTransport& transport,
              std::ostream& out, std::ostream& err);

}  // namespace tocsin::app
