#pragma once

#include <cstdint>
#include <optional>

#include "base/timestamp.h"
#include "rules/rule.h"

// The state machines of alerts, as pure functions: (state, what was seen, now) -> (state, transition, reason).
namespace tocsin::rules {

// Numbers are stored on disk: never reuse one.
enum class AlertPhase : uint8_t {
  kOk = 0,        // monitors: known and fine. Prometheus rules: inactive
  kPending = 1,   // condition holds, `for` not over yet
  kFiring = 2,    // paged (or owed): `level` says how bad
  kNoData = 3,    // monitors only: fires because data stopped, `level` says how bad
};
const char* AlertPhaseName(AlertPhase phase);

enum class Transition : uint8_t {
  kNone = 0,
  kPending = 1,     // entered pending
  kUnpending = 2,   // pending left without firing
  kFired = 3,
  kRaised = 4,      // firing, level went up
  kLowered = 5,     // firing, level went down
  kResolved = 6,
  kForgotten = 7,   // instance is to be dropped (nothing was open)
};
const char* TransitionName(Transition transition);

// Why a step decided as it did; the same word is the metric label, the log field and part of the page.
enum class Reason : uint8_t {
  kNone = 0, kConditionMet, kForElapsed, kConditionCleared, kRecovered, kKeepFiring, kRowVanished,
  kNoData, kDataCameBack, kNoDataForgotten, kLevelChanged, kForRaised, kRuleRemoved, kHeldAfterRestart,
};
const char* ReasonName(Reason reason);

// The durable state of one alert: (rule, result labels). Times are evaluation times.
struct AlertState {
  AlertPhase phase = AlertPhase::kOk;
  Level level = Level::kOk;            // of a firing or no-data alert; Prometheus rules use kCritical
  Level pending_level = Level::kOk;    // the level that waits for its `for` (also while firing lower)
  std::optional<Timestamp> active_at;        // since when the condition holds (pending since)
  std::optional<Timestamp> fired_at;
  std::optional<Timestamp> keep_firing_since;
  std::optional<Timestamp> resolved_at;
  Timestamp last_seen;                 // newest sample the row was computed from
  double value = 0;                    // of the last evaluation in which the row was present
  friend bool operator==(const AlertState&, const AlertState&) = default;
};

// What an evaluation says about one alert.
struct Observation {
  bool present = false;      // the row is in the result
  double value = 0;
  Timestamp newest_sample;   // newest sample the row was computed from (monitors with no_data)
  // The service was down until shortly before: absence proves nothing yet (see AlertHold in the engine).
  bool hold = false;
};

struct StepResult {
  AlertState state;
  Transition transition = Transition::kNone;
  Reason reason = Reason::kNone;
};

// Prometheus' machine for alert rules, facts/semantics of 3.x: `present` rows are active whatever their value;
// pending until now - active_at >= for; keep_firing_for; firing falls back to pending if `for` was raised;
// inactive instances are kept 15 minutes (then kForgotten).
StepResult StepPrometheusAlert(const AlertState& state, const Observation& seen,
                               absl::Duration for_duration, absl::Duration keep_firing_for,
                               Timestamp now);

// The machine of native threshold monitors: levels with hysteresis, `for` per level, keep_firing_for, no data.
StepResult StepThreshold(const AlertState& state, const Observation& seen, const Monitor& monitor,
                         Timestamp now);

// When the state can change although no sample comes: `for` elapsed, keep-firing over, no data. Max: never.
Timestamp NextPrometheusDeadline(const AlertState& state, absl::Duration for_duration,
                                 absl::Duration keep_firing_for);
Timestamp NextThresholdDeadline(const AlertState& state, const Monitor& monitor);

}  // namespace tocsin::rules
