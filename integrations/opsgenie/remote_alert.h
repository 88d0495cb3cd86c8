#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/timestamp.h"
#include "integrations/http/http_client.h"

// What OpsGenie says about requests and alerts. Pure functions; a body that is not understood is
// nullopt.
namespace tocsin::opsgenie {

// The outcome of an accepted request.
struct RequestStatus {
  bool success = false;
  std::string status;    // "Created alert", "Alert does not exist", ...
  std::string alert_id;  // may be empty
};
std::optional<RequestStatus> ParseRequestStatus(const http_client::HttpResponse& response);

struct RemoteAlert {
  std::string id;
  std::string alias;
  bool open = false;
  // Independent of `open`: an acknowledged alert is still open.
  bool acknowledged = false;
  std::string owner;  // who took it, usually an e-mail address; "" if nobody did
  bool snoozed = false;
  std::optional<Timestamp> snoozed_until;
  std::optional<Timestamp> created_at;
  std::optional<Timestamp> updated_at;
  int64_t count = 0;  // occurrences under this alias; stops at 100. 0: not said
  std::string source;
  std::string priority;
  std::string message;
  std::string description;  // description and details: in an answer about a single alert only
  std::vector<std::string> tags;
  std::map<std::string, std::string> details;
};
std::optional<RemoteAlert> ParseAlert(const http_client::HttpResponse& response);

// One page of a list.
struct RemoteAlerts {
  std::vector<RemoteAlert> alerts;
  size_t skipped = 0;  // entries without an id
};
std::optional<RemoteAlerts> ParseAlertList(const http_client::HttpResponse& response);

// Of a search; nullopt if the answer has none.
std::optional<int64_t> ParseCount(const http_client::HttpResponse& response);

}  // namespace tocsin::opsgenie
