#pragma once

#include <optional>
#include <string>

#include "base/timestamp.h"
#include "integrations/http/http_client.h"
#include "integrations/opsgenie/config.h"

// OpsGenie's heartbeats: an alert of their own when nobody pings for too long.
namespace tocsin::opsgenie {

struct HeartbeatRef {
  std::string name;
  std::string team_id;  // JSM only: heartbeats belong to teams there
};

// Answered with 202 also if there is no such heartbeat; ask with GetHeartbeat. Needs
// Capabilities::heartbeat.
http_client::HttpRequest PingHeartbeat(const OpsgenieConfig& config, const HeartbeatRef& heartbeat);
// 404 if there is none. OpsGenie only.
http_client::HttpRequest GetHeartbeat(const OpsgenieConfig& config, const std::string& name);

struct RemoteHeartbeat {
  std::string name;
  bool enabled = false;
  bool expired = false;
  std::optional<Timestamp> last_ping;  // nullopt: never
};
std::optional<RemoteHeartbeat> ParseHeartbeat(const http_client::HttpResponse& response);

}  // namespace tocsin::opsgenie
