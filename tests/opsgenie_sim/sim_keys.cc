#include "tests/opsgenie_sim/sim_keys.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"

namespace tocsin::sim {
namespace {

using http_client::HttpRequest;
using Kind = Routed::Kind;

SimAnswer Unauthorized() {
  return {401, {{"message", "Could not authenticate"}}, "refused: key", {}};
}

bool LooksLikeUuid(const std::string& text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !absl::ascii_isxdigit(text[i])) return false;
  }
  return true;
}

bool Fits(const SimKey& key, const Routed& routed, const SimOptions& options) {
  const char* product = routed.api == Api::kOpsgenie ? "opsgenie" : "jsm";
  return key.enabled && (key.region.empty() || key.region == options.region) &&
         (key.product.empty() || key.product == product);
}

// "Basic base64(user:token)" or "Bearer token".
std::optional<SimAnswer> RefuseToken(const std::string& header, const Routed& routed,
                                     const SimOptions& options, SimKey& key) {
  if (routed.cloud_id != options.cloud_id) return NotFound("Site not found");
  absl::string_view text = header;
  std::string user;
  std::string token;
  if (absl::ConsumePrefix(&text, "Bearer ")) {
    token = std::string(text);
  } else if (absl::ConsumePrefix(&text, "Basic ")) {
    std::string decoded;
    if (!absl::Base64Unescape(text, &decoded)) return Unauthorized();
    const size_t colon = decoded.find(':');
    if (colon == std::string::npos) return Unauthorized();
    user = decoded.substr(0, colon);
    token = decoded.substr(colon + 1);
  }
  const auto it = options.keys.find(token);
  const bool good = it != options.keys.end() && it->second.kind == KeyKind::kJsmToken &&
                    it->second.user == user && Fits(it->second, routed, options);
  if (!good) return Unauthorized();
  key = it->second;
  return std::nullopt;
}

bool ForbiddenToManagement(const Routed& routed) {
  if (routed.kind != Kind::kAction) return false;
  return routed.action == ActionKind::kCreate || routed.action == ActionKind::kAcknowledge ||
         routed.action == ActionKind::kClose || routed.action == ActionKind::kAddNote;
}

std::optional<SimAnswer> RefuseKind(const SimKey& key, const Routed& routed) {
  if (key.kind == KeyKind::kManagement && ForbiddenToManagement(routed)) {
    return Forbidden("To perform this action, use an API key from an API integration.");
  }
  const char* kNoAccess = "You are not authorized to access this resource.";
  const bool about_alerts = IsAboutAlerts(routed.kind);
  const bool ping = routed.kind == Kind::kHeartbeatPing;
  const bool write = routed.kind == Kind::kAction;
  if (key.kind == KeyKind::kReadOnly && write) return Forbidden(kNoAccess);
  if (key.kind == KeyKind::kWriteOnly && !write && !ping) return Forbidden(kNoAccess);
  if (key.restrict_configuration && !about_alerts && !ping) return Forbidden(kNoAccess);
  const bool of_account =
      routed.kind == Kind::kAccount || routed.kind == Kind::kDirectoryList ||
      (routed.kind == Kind::kDirectoryGet && routed.entry == SimDirectoryEntry::Kind::kUser);
  if (key.kind == KeyKind::kTeam && of_account) return Forbidden(kNoAccess);
  return std::nullopt;
}

}  // namespace

std::string RequestHeader(const HttpRequest& request, absl::string_view name) {
  for (const http_client::HttpHeader& header : request.headers) {
    if (absl::EqualsIgnoreCase(header.name, name)) return header.value;
  }
  return {};
}

std::optional<SimAnswer> RefuseKey(const HttpRequest& request, const Routed& routed,
                                   const SimOptions& options, SimKey& key) {
  const std::string header = RequestHeader(request, "authorization");
  if (options.faults.key_rotated) return Unauthorized();
  if (routed.api == Api::kJsmRest) return RefuseToken(header, routed, options, key);
  absl::string_view text = header;
  if (!absl::ConsumePrefix(&text, "GenieKey ")) return Unauthorized();
  const std::string key_text(absl::StripAsciiWhitespace(text));
  if (!LooksLikeUuid(key_text)) {
    return SimAnswer{422, {{"message", "Key format is not valid!"}}, "refused: key format", {}};
  }
  const auto it = options.keys.find(key_text);
  const bool good = it != options.keys.end() && it->second.kind != KeyKind::kJsmToken &&
                    Fits(it->second, routed, options);
  if (!good) return Unauthorized();
  key = it->second;
  return RefuseKind(key, routed);
}

}  // namespace tocsin::sim
