#pragma once

#include <vector>

#include "base/timestamp.h"
#include "integrations/opsgenie/remote_alert.h"

namespace tocsin::opsgenie {

// All open alerts of ours, as one walk through the list saw them.
struct ListedCycle {
  Timestamp began;  // of the walk: what was opened later may be missing
  std::vector<RemoteAlert> alerts;
};

}  // namespace tocsin::opsgenie
