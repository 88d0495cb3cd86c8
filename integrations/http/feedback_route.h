#pragma once

#include "integrations/http/admin_backend.h"
#include "integrations/http/http_message.h"

namespace tocsin::http {

// `POST /api/tocsin/v1/feedback` with {"alias": "...", "feedback": "false"}: what a person says of
// a page of an anomaly monitor; false, expected, new-normal or undo.
HttpReply Feedback(AdminBackend& backend, const HttpRequest& request);

}  // namespace tocsin::http
