#pragma once

#include "integrations/http/admin_backend.h"
#include "integrations/http/http_message.h"

namespace tocsin::http {

// POST /api/tocsin/v1/backup with {"name": "nightly"}: makes a backup of the data directory below
// itself, and answers where it is and how many bytes it has. A caller names it and no place, so
// whoever reaches the admin port cannot make the service write elsewhere.
//
// Answers: 200; 400 (no such JSON, or the name), 403 (a page of another origin), 405, 409 (the name
// is taken), 503 (another one is being made, no room), 500.
HttpReply Backup(AdminBackend& backend, const HttpRequest& request);

}  // namespace tocsin::http
