#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/timestamp.h"
#include "integrations/http/http_client.h"
#include "integrations/opsgenie/alert_listing.h"
#include "integrations/opsgenie/config.h"
#include "integrations/opsgenie/heartbeat_pings.h"
#include "integrations/opsgenie/startup_check.h"

namespace tocsin::opsgenie {

// Whom a watch asks and tells. Texts are without the configuration's secrets.
struct AccountWatchHooks {
  HeartbeatPings::Trouble trouble;
  HeartbeatPings::Told pinged;
  StartupCheck::Checked checked;
  AlertListing::Listed listed;
  AlertListing::Failed listing_failed;
};

// All that is done at the account of one configuration beside pages: the check at start, the
// heartbeat, and the list of what is open there. A new configuration takes a new watch.
//
//   if (auto request = watch.Next(now)) watch.Take(transport.Send(*request), clock.Now());
//
// Passive. Thread: one at a time; hooks are called within Next, NextPing and Take and must not call
// back.
class AccountWatch {
 public:
  AccountWatch(std::shared_ptr<const OpsgenieConfig> config, AccountWatchHooks hooks);
  AccountWatch(const AccountWatch&) = delete;
  AccountWatch& operator=(const AccountWatch&) = delete;

  // The request that is due. Each is answered by one Take before the next is asked for.
  std::optional<http_client::HttpRequest> Next(Timestamp now);
  // The same, a ping only: those of other accounts wait for nothing else.
  std::optional<http_client::HttpRequest> NextPing(Timestamp now);
  void Take(const absl::StatusOr<http_client::HttpResponse>& answer, Timestamp now);
  // When Next may have something; Max: never.
  Timestamp NextDue() const;
  // The wall clock was set by `step`: what waits goes on waiting as long as it would have. Not
  // while a request is under way.
  void ClockStepped(absl::Duration step);

 private:
  enum class UnderWay { kNothing, kPing, kCheck, kList };

  UnderWay under_way_ = UnderWay::kNothing;
  HeartbeatPings pings_;
  StartupCheck check_;
  AlertListing listing_;
};

}  // namespace tocsin::opsgenie
