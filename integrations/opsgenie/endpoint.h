#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "integrations/http/http_client.h"
#include "integrations/opsgenie/alert_ref.h"
#include "integrations/opsgenie/config.h"
#include "integrations/opsgenie/json_fields.h"

// Where requests go and how they say who they are. For the .cc files of this folder.
namespace tocsin::opsgenie {

// In `source` of what we send.
inline constexpr char kSource[] = "tocsin";

// The API behind api_url: "https://api.opsgenie.com", for JSM with its prefix. No slash at the end.
std::string BaseUrl(const OpsgenieConfig& config);
bool HasJsmRest(const OpsgenieConfig& config);

// `path` begins with "/v2/", or for JSM's REST API with "/v1/".
http_client::HttpRequest KeyRequest(const OpsgenieConfig& config, const char* method,
                                    const std::string& path);
http_client::HttpRequest RestRequest(const OpsgenieConfig& config, const char* method,
                                     const std::string& path);
http_client::HttpRequest WithBody(http_client::HttpRequest request, const Json& body);

// "/v2/alerts/ID/close?identifierType=id". An alias that is too long is replaced as everywhere.
std::string AlertPath(const AlertRef& alert, const std::string& action);

// Everything but unreserved characters: an alias may hold slashes, blanks and percent signs.
std::string PercentEncode(absl::string_view text);

const char* ResponderTypeName(Responder::Type type);
Json ResponderJson(const Responder& responder);

}  // namespace tocsin::opsgenie
