#pragma once

#include <optional>
#include <string>

#include "absl/time/time.h"
#include "base/timestamp.h"
#include "integrations/delivery/receiver.h"

namespace tocsin::app {

// What tells whether pages can be relied on: from the evaluation of a rule to somebody who is told.
struct HealthReading {
  std::string engine_trouble;          // engine::Engine::Trouble: evaluation, its commits, input
  absl::Duration evaluation_lag;       // engine::Engine::Lag
  std::optional<Timestamp> owed_from;  // of the oldest change that nobody confirmed yet, if any
  // A change may wait so long for others of its group without anything being wrong.
  absl::Duration group_wait_max;
};

// Why pages cannot be relied on just now, in words; "": they can. What is held on purpose
// (silenced, inhibited, muted) is not owed and no trouble.
//
// Stricter than readiness: a service whose receivers are away is ready, and nobody is paged.
std::string TroubleIn(const HealthReading& reading, Timestamp now);

// The longest group_wait or group_interval of routes that group alerts; zero if none does.
absl::Duration LongestGroupWait(const delivery::Route& root);

}  // namespace tocsin::app
