#pragma once

#include <ostream>
#include <string>

#include "app/admin_client.h"

namespace tocsin::app {

struct ExplainOptions {
  ServerTarget server;
  std::string subject;  // a page's alias, or the name or identity of a rule
  std::string time;     // Unix seconds or RFC 3339; empty: now
  bool json = false;    // the server's answer as it is
};

// Tells why an alert is as it is: the rule, its inputs, the path of its alerts and what became of
// their pages. Exit codes: 0; 1 if nothing is known of it; 2 if the server does not answer, or
// refuses.
int RunExplain(const ExplainOptions& options, http_client::HttpTransport& transport,
               std::ostream& out, std::ostream& err);

}  // namespace tocsin::app
