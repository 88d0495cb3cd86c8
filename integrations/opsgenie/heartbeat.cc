#include "integrations/opsgenie/heartbeat.h"

#include "absl/strings/str_cat.h"
#include "integrations/opsgenie/endpoint.h"
#include "integrations/opsgenie/json_fields.h"

namespace tocsin::opsgenie {

http_client::HttpRequest PingHeartbeat(const OpsgenieConfig& config,
                                       const HeartbeatRef& heartbeat) {
  if (HasJsmRest(config)) {
    return RestRequest(config, "GET",
                       absl::StrCat("/v1/teams/", PercentEncode(heartbeat.team_id),
                                    "/heartbeats/ping?name=", PercentEncode(heartbeat.name)));
  }
  return KeyRequest(config, "POST",
                    absl::StrCat("/v2/heartbeats/", PercentEncode(heartbeat.name), "/ping"));
}

http_client::HttpRequest GetHeartbeat(const OpsgenieConfig& config, const std::string& name) {
  return KeyRequest(config, "GET", absl::StrCat("/v2/heartbeats/", PercentEncode(name)));
}

std::optional<RemoteHeartbeat> ParseHeartbeat(const http_client::HttpResponse& response) {
  const Json data = DataOf(response);
  RemoteHeartbeat heartbeat;
  heartbeat.name = Text(data, "name");
  if (heartbeat.name.empty()) return std::nullopt;
  heartbeat.enabled = Flag(data, "enabled");
  heartbeat.expired = Flag(data, "expired");
  heartbeat.last_ping = Instant(data, "lastPingTime");
  return heartbeat;
}

}  // namespace tocsin::opsgenie
