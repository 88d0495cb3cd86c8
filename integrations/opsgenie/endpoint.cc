#include "integrations/opsgenie/endpoint.h"

#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "integrations/opsgenie/page_content.h"

namespace tocsin::opsgenie {
namespace {

using http_client::HttpRequest;

constexpr char kJsmPrefix[] = "/jsm/ops/integration";

HttpRequest Request(const char* method, std::string url, std::string authorization) {
  HttpRequest request;
  request.method = method;
  request.url = std::move(url);
  request.headers = {{"Authorization", std::move(authorization)},
                     {"Accept", "application/json"},
                     {"User-Agent", "tocsin"}};
  return request;
}

// Of what JSM's REST API asks for with a user.
std::string BasicCredentials(const JsmRest& rest) {
  return absl::Base64Escape(absl::StrCat(rest.user, ":", rest.token.Reveal()));
}

}  // namespace

std::string BaseUrl(const OpsgenieConfig& config) {
  std::string base(config.api_url);
  while (absl::EndsWith(base, "/")) base.pop_back();
  if (config.profile == Profile::kJsm && !absl::StrContains(base, kJsmPrefix)) base += kJsmPrefix;
  return base;
}

bool HasJsmRest(const OpsgenieConfig& config) {
  return config.profile == Profile::kJsm && !config.jsm_rest.cloud_id.empty();
}

HttpRequest KeyRequest(const OpsgenieConfig& config, const char* method, const std::string& path) {
  return Request(method, BaseUrl(config) + path,
                 absl::StrCat("GenieKey ", config.api_key.Reveal()));
}

std::string WithoutSecrets(const OpsgenieConfig& config, std::string text) {
  std::vector<std::pair<std::string, std::string>> secrets;
  const auto add = [&](const std::string& secret) {
    if (!secret.empty()) secrets.emplace_back(secret, "<redacted>");
  };
  add(config.api_key.Reveal());
  add(config.jsm_rest.token.Reveal());
  if (!config.jsm_rest.token.empty()) add(BasicCredentials(config.jsm_rest));
  return absl::StrReplaceAll(text, secrets);
}

HttpRequest RestRequest(const OpsgenieConfig& config, const char* method, const std::string& path) {
  const JsmRest& rest = config.jsm_rest;
  const std::string base = BaseUrl(config);
  const std::string host = base.substr(0, base.find(kJsmPrefix));
  const std::string authorization = rest.user.empty()
                                        ? absl::StrCat("Bearer ", rest.token.Reveal())
                                        : absl::StrCat("Basic ", BasicCredentials(rest));
  return Request(method, absl::StrCat(host, "/jsm/ops/api/", PercentEncode(rest.cloud_id), path),
                 authorization);
}

HttpRequest WithBody(HttpRequest request, const Json& body) {
  request.headers.push_back({"Content-Type", "application/json"});
  request.body = Dump(body);
  return request;
}

std::string AlertPath(const AlertRef& alert, const std::string& action) {
  const bool id = alert.type == AlertRef::Type::kId;
  return absl::StrCat("/v2/alerts/", PercentEncode(id ? alert.value : RemoteAlias(alert.value)),
                      action, "?identifierType=", id ? "id" : "alias");
}

std::string PercentEncode(absl::string_view text) {
  std::string out;
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
        absl::string_view("-._~").find(c) != absl::string_view::npos) {
      out += c;
    } else {
      absl::StrAppendFormat(&out, "%%%02X", static_cast<unsigned char>(c));
    }
  }
  return out;
}

const char* ResponderTypeName(Responder::Type type) {
  static constexpr const char* kTypes[] = {"team", "user", "escalation", "schedule"};
  return kTypes[static_cast<int>(type)];
}

Json ResponderJson(const Responder& responder) {
  Json json = {{"type", ResponderTypeName(responder.type)}};
  if (!responder.id.empty())
    json["id"] = responder.id;
  else if (responder.type == Responder::Type::kUser)
    json["username"] = responder.username;
  else
    json["name"] = responder.name;
  return json;
}

}  // namespace tocsin::opsgenie
