#pragma once

#include <vector>

#include "base/timestamp.h"
#include "integrations/opsgenie/remote_alert.h"

namespace tocsin::opsgenie {

// All open alerts of ours, as one walk through the list saw them, each when its page was read.
struct ListedCycle {
  Timestamp began;  // of the walk: what was opened later may be missing
  std::vector<RemoteAlert> alerts;
  bool complete = true;  // false: there may be more; what is missing says nothing
};

}  // namespace tocsin::opsgenie
