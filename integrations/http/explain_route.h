#pragma once

#include "integrations/http/admin_backend.h"
#include "integrations/http/http_message.h"

namespace tocsin::http {

// GET /api/tocsin/v1/explain?alias=..|rule=..[&time=..]: an Explanation as JSON; `time` as in
// /api/v1/query, by default `now`.
//
// Answers: 200; 400 (the parameters), 404 (nothing is known of that alias or rule), 405, 503.
HttpReply Explain(AdminBackend& backend, const HttpRequest& request, Timestamp now,
                  const Expired& expired);

}  // namespace tocsin::http
