#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "base/labels.h"
#include "base/timestamp.h"
#include "rules/alert_step.h"
#include "rules/rule.h"

namespace tocsin::simulation {

// An alert as the documents say it must be. Written a second time, apart from the engine's state
// machines, which it judges.
struct AlertModel {
  rules::AlertPhase phase = rules::AlertPhase::kOk;
  rules::Level level = rules::Level::kOk;         // of what fires
  rules::Level level_before = rules::Level::kOk;  // missing data: what the condition said before
  std::optional<Timestamp> since;                 // the condition holds (monitors: any level's)
  std::optional<Timestamp> critical_since;        // monitors: the critical one
  std::optional<Timestamp> clear_since;           // keep_firing_for counts from here
  std::optional<Timestamp> resolved;
  std::optional<Timestamp> absent_since;  // first evaluation without the row
  Timestamp last_seen;                    // newest sample behind the row
  double value = 0;
  bool value_known = true;  // not after a restart, until the row is seen: it is not written
  Labels row;               // the query's
  bool absent = false;      // the last evaluation did not have the row
  uint64_t query = 0;       // monitors: hash of the query that gave the row last
  bool gone = false;        // nothing is worth remembering any more

  bool Fires() const {
    return phase == rules::AlertPhase::kFiring || phase == rules::AlertPhase::kNoData;
  }
  std::string ToString() const;
};

// One row of a result, or its absence.
struct Seen {
  bool present = false;
  double value = 0;
  Timestamp newest;   // of the samples behind it
  bool hold = false;  // absence proves nothing just now
};

// Alert rules of Prometheus, with what we add: nothing ends while held, and downtime does not
// count.
void StepRule(AlertModel& alert, const rules::AlertRule& rule, const Seen& seen, Timestamp now);
// Threshold monitors.
void StepMonitor(AlertModel& alert, const rules::Monitor& monitor, const Seen& seen, Timestamp now);

// Whether a monitor remembers rows that are fine, because it has to notice their end.
bool RemembersRows(const rules::Monitor& monitor);
// Whether a level's condition holds.
bool ConditionHolds(const rules::Monitor& monitor, double value);

// A span in which nothing could be learnt: clocks that wait stood still.
void SkipSpan(AlertModel& alert, absl::Duration span);
// The wall clock was set: every instant is told by the new one.
void MoveClock(AlertModel& alert, absl::Duration step);

}  // namespace tocsin::simulation
