#pragma once

#include <ostream>
#include <string>

#include "app/admin_client.h"

namespace tocsin::app {

struct QueryOptions {
  ServerTarget server;
  std::string expression;
  std::string time;   // as the API takes it; empty: now
  bool json = false;  // the server's answer as it is
};

// Prints the value of an expression on a running server, one `metric => value @[time]` a line. Exit
// codes: 0; 2 if the expression is wrong or the server does not answer.
int RunQuery(const QueryOptions& options, http_client::HttpTransport& transport, std::ostream& out,
             std::ostream& err);

}  // namespace tocsin::app
