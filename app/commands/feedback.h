#pragma once

#include <ostream>
#include <string>

#include "app/admin_client.h"

namespace tocsin::app {

struct FeedbackOptions {
  ServerTarget server;
  std::string alias;     // of the page
  std::string feedback;  // false, expected, new-normal, undo
};

// Tells a running server what a page of an anomaly monitor was. Exit codes: 0; 2 if it was refused
// or the server does not answer.
int RunFeedback(const FeedbackOptions& options, http_client::HttpTransport& transport,
                std::ostream& out, std::ostream& err);

}  // namespace tocsin::app
