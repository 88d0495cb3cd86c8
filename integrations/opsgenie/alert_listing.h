#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "base/timestamp.h"
#include "integrations/http/http_client.h"
#include "integrations/opsgenie/config.h"
#include "integrations/opsgenie/growing_pause.h"
#include "integrations/opsgenie/listed_cycle.h"
#include "integrations/opsgenie/remote_alert.h"

namespace tocsin::opsgenie {

// Walks through all open alerts of ours, one page of the list a minute, for ever: the cost is the
// same however many alerts are open, and a cycle of N takes about N/90 minutes (one below 100).
//
// Alerts that close meanwhile move those behind them forward, across the border of two pages. So
// each page reaches back over the one before, and one that shows nothing known is not trusted: the
// walk steps back. What cannot be reached (kListReachMax), or is too restless to be read through,
// makes the cycle incomplete. Alerts that were sent without `source` (CreateMinimalAlert) are not
// found by it.
//
// A list that is refused is left alone for 10 minutes and begun anew; after 429, 5xx and no answer
// the walk goes on after pauses that grow from 1 to 10 minutes. Needs Capabilities::list; without
// it nothing is ever due.
//
// Thread: one at a time.
class AlertListing {
 public:
  using Listed = std::function<void(const ListedCycle& cycle)>;
  // Called with "" for a page that was read, after one that was not.
  using Failed = std::function<void(const std::string& error)>;

  AlertListing(std::shared_ptr<const OpsgenieConfig> config, Listed listed, Failed failed);

  // The request that is due; each is answered by one Take.
  std::optional<http_client::HttpRequest> Next(Timestamp now);
  void Take(const absl::StatusOr<http_client::HttpResponse>& answer, Timestamp now);
  Timestamp NextDue() const { return due_; }
  // The cycle under way is dropped: it would have begun at a time that never was.
  void ClockStepped(absl::Duration step);

 private:
  struct Cycle {
    Timestamp began;
    size_t offset = 0;
    size_t steps_back = 0;
    std::map<std::string, RemoteAlert> alerts;  // by id
  };

  void TakePage(RemoteAlerts page);
  bool ShowsKnown(const RemoteAlerts& page) const;
  void Finish(bool complete);

  const std::shared_ptr<const OpsgenieConfig> config_;
  const Listed listed_;
  const Failed failed_;
  GrowingPause pause_;
  Timestamp due_;
  bool failing_ = false;
  std::optional<Cycle> cycle_;
};

}  // namespace tocsin::opsgenie
