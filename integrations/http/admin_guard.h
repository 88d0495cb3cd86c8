#pragma once

#include <optional>
#include <string>

#include "integrations/access/access.h"
#include "integrations/http/http_message.h"

namespace tocsin::http {

// What somebody needs to be allowed for a request to the admin port; nullopt: whoever reaches it
// may (health and readiness, which probes ask without a token).
std::optional<access::Scope> AdminScopeOf(const HttpRequest& request);

// Whether a request would change something, so that it is audited.
bool ChangesSomething(const HttpRequest& request);

// What to answer to somebody who may not; nullopt: they may, and `actor` is the name of their
// token. The token is shown as "Authorization: Bearer TOKEN".
std::optional<HttpReply> RefuseAdmin(access::Access& access, const HttpRequest& request,
                                     std::string& actor);

}  // namespace tocsin::http
