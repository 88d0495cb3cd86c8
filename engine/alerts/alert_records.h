#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/alerts/alert_instance.h"
#include "storage/store.h"

namespace tocsin::engine {

// Alerts as they are on disk: rule identity to its instances.
using AlertsByRule = std::map<std::string, std::vector<AlertInstance>>;

std::string EncodeAlert(const std::string& rule_id, const AlertInstance& instance);

// Reads the family `alerts`. Records that do not decode are DataLoss: paging on half a memory is
// worse than a clear stop.
absl::StatusOr<AlertsByRule> ReadAlerts(const storage::Store& store);

// Moves the clocks of an alert over a span in which nothing was evaluated, so that downtime counts
// neither towards `for` nor keep_firing_for nor no data.
void SkipGap(absl::Duration gap, AlertInstance& instance);

}  // namespace tocsin::engine
