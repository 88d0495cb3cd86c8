#include "integrations/http/admin_guard.h"

#include "absl/strings/match.h"
#include "integrations/http/admin_reply.h"

namespace tocsin::http {

// What is not known asks for less than what changes something: it is answered 404 to those who may
// read.
std::optional<access::Scope> AdminScopeOf(const HttpRequest& request) {
  const std::string& path = request.path;
  if (path == "/-/healthy" || path == "/-/ready") return std::nullopt;
  if (absl::StartsWith(path, "/-/") || path == "/api/tocsin/v1/backup" ||
      path == "/api/tocsin/v1/feedback") {
    return access::Scope::kAdmin;
  }
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (!reads && absl::StartsWith(path, "/api/v2/")) return access::Scope::kSilence;
  return access::Scope::kRead;
}

bool ChangesSomething(const HttpRequest& request) {
  const auto scope = AdminScopeOf(request);
  return scope == access::Scope::kAdmin || scope == access::Scope::kSilence;
}

std::optional<HttpReply> RefuseAdmin(access::Access& access, const HttpRequest& request,
                                     std::string& actor) {
  const auto scope = AdminScopeOf(request);
  if (!scope) return std::nullopt;
  const access::Visitor visitor{"admin", request.peer,
                                access::BearerToken(request.Header("Authorization"))};
  const auto allowed = access.Check(visitor, *scope);
  if (allowed.ok()) {
    actor = *allowed;
    return std::nullopt;
  }
  const std::string why(allowed.status().message());
  if (!absl::IsUnauthenticated(allowed.status())) return ErrorReply(403, "forbidden", why);
  HttpReply reply = ErrorReply(401, "unauthorized", why);
  reply.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"tocsin\"");
  return reply;
}

}  // namespace tocsin::http
