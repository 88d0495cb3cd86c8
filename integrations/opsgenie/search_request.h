#pragma once

#include <cstddef>
#include <string>

#include "integrations/http/http_client.h"
#include "integrations/opsgenie/config.h"

// Searching alerts, for reconciling what we think is open with what is. Answers: ParseAlertList and
// ParseCount of remote_alert.h. Needs Capabilities::list.
namespace tocsin::opsgenie {

inline constexpr size_t kListLimit = 100;       // alerts in one page, the API's own maximum
inline constexpr size_t kListReachMax = 20000;  // offset + limit; what lies behind cannot be had

// What must hold of an alert; empty fields say nothing.
struct AlertSearch {
  bool open_only = true;
  // Created by us: by their `source`, which a minimal page (CreateMinimalAlert) does not have; look
  // for that by its alias.
  bool ours_only = true;
  std::string alias;
  std::string tag;
};
// In OpsGenie's query language: `status: open AND source: "tocsin"`.
std::string SearchQuery(const AlertSearch& search);

// Alerts from `offset` on, in order of creation, so that new ones come at the end. Those that close
// meanwhile move the ones behind them forward: AlertListing walks through them all the same. No
// page may end beyond kListReachMax.
http_client::HttpRequest ListAlerts(const OpsgenieConfig& config, const AlertSearch& search,
                                    size_t offset);
// OpsGenie only; JSM's REST API has no count.
http_client::HttpRequest CountAlerts(const OpsgenieConfig& config, const AlertSearch& search);

}  // namespace tocsin::opsgenie
