#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "integrations/http/http_message.h"

namespace tocsin::http {

// Answers of the admin port and the question each route asks of a request. Pure functions, any
// thread.

HttpReply JsonReply(int status, std::string body);
// In Prometheus' shape; `type` is its errorType.
HttpReply ErrorReply(int status, absl::string_view type, absl::string_view message);
// An error as most routes answer it: 400 bad_data, 404 not_found, 409 conflict (there already, or
// not in the state for it), 503 timeout and unavailable, else 500 internal.
HttpReply StatusReply(const absl::Status& status);
HttpReply MethodNotAllowed(const char* allowed);  // "POST, PUT"

// Whether a page of another site sent this: browsers let it send a POST, but say its Origin.
bool FromAnotherOrigin(const HttpRequest& request);

}  // namespace tocsin::http
