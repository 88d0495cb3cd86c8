#pragma once

#include <cstdint>
#include <optional>

#include "base/timestamp.h"
#include "rules/rule.h"

// The state machines of alerts, as pure functions: (state, what was seen, now) -> (state,
// transition, reason).
namespace tocsin::rules {

// Numbers are stored on disk: never reuse one.
enum class AlertPhase : uint8_t {
  kOk = 0,       // monitors: known and fine. Prometheus rules: inactive
  kPending = 1,  // condition holds, `for` not over yet
  kFiring = 2,   // paged (or owed): `level` says how bad
  kNoData = 3,   // monitors only: fires because data stopped, `level` says how bad
};
const char* AlertPhaseName(AlertPhase phase);

enum class Transition : uint8_t {
  kNone = 0,
  kPending = 1,    // entered pending
  kUnpending = 2,  // pending left without firing
  kFired = 3,
  kRaised = 4,   // firing, level went up
  kLowered = 5,  // firing, level went down
  kResolved = 6,
  kForgotten = 7,  // instance is to be dropped (nothing was open)
};
const char* TransitionName(Transition transition);

// Why a step decided as it did; the same word is the metric label, the log field and part of the
// page.
enum class Reason : uint8_t {
  kNone = 0,
  kConditionMet,
  kForElapsed,
  kConditionCleared,
  kRecovered,
  kKeepFiring,
  kRowVanished,
  kNoData,
  kDataCameBack,
  kNoDataForgotten,
  kLevelChanged,
  kForRaised,
  kRuleRemoved,
  kHeldAfterRestart,
  kRuleChanged,    // the query is another one and does not give this row any more
  kLimitExceeded,  // of the group: Prometheus forgets all alerts of the rule then
  kShadowed,       // the monitor's mode is shadow now
  kPageOwed,       // firing without a page: the mode is not shadow any more
};
const char* ReasonName(Reason reason);

// The durable state of one alert: (rule, result labels). Times are evaluation times. All fields
// decide later steps, so all are stored. A state equal to AlertState{} says nothing and need not be
// kept.
struct AlertState {
  AlertPhase phase = AlertPhase::kOk;
  Level level = Level::kOk;  // of a firing or no-data alert; Prometheus rules use kCritical
  // The level that waits for its `for` (also while firing lower). In kNoData: the level the
  // condition had before.
  Level pending_level = Level::kOk;
  std::optional<Timestamp>
      active_at;  // since when the condition holds, of any level (pending since)
  std::optional<Timestamp> critical_since;  // monitors: since when the critical condition holds
  std::optional<Timestamp> fired_at;
  std::optional<Timestamp> keep_firing_since;
  std::optional<Timestamp> resolved_at;
  // First evaluation of the present gap: the row is missing and that proves nothing (held, or a
  // monitor keeps its last state). The gap does not count towards `for`.
  std::optional<Timestamp> absent_since;
  Timestamp last_seen;  // newest sample the row was computed from
  double value = 0;     // of the last evaluation in which the row was present
  friend bool operator==(const AlertState&, const AlertState&) = default;
};

// What an evaluation says about one alert.
struct Observation {
  bool present = false;  // the row is in the result
  double value = 0;
  Timestamp newest_sample;  // newest sample the row was computed from (monitors with no_data)
  // The service was down until shortly before: absence proves nothing yet (see Shard).
  bool hold = false;
  // The alert comes from an earlier version of the rule with another query: a row that is missing
  // is not one that stopped.
  bool rule_changed = false;
};

// `state` is to be stored if it differs from the one put in, also with kNone.
struct StepResult {
  AlertState state;
  Transition transition = Transition::kNone;
  Reason reason = Reason::kNone;
};

// How long a resolved alert of a Prometheus rule is remembered.
inline constexpr absl::Duration kResolvedRetention = absl::Minutes(15);

// Prometheus' machine for alert rules (3.x). `present` rows are active whatever their value; they
// fire once now - active_at >= for, so at first sight without `for`. A missing row ends a pending
// alert, and a firing one after keep_firing_for. Firing falls back to pending if `for` was raised:
// kResolved with kForRaised, because the page has to be closed. Inactive alerts are kept
// kResolvedRetention, then kForgotten; an alert that comes back is a new one. Where we differ:
// nothing ends while `hold` is set, and the time in which a held row is missing does not count
// towards `for`.
StepResult StepPrometheusAlert(const AlertState& state, const Observation& seen,
                               absl::Duration for_duration, absl::Duration keep_firing_for,
                               Timestamp now);

// The machine of native threshold monitors.
//  - Levels: a level fires when its condition held for `for`; each level has its own clock, and
//  what is critical is
//    also at least a warning. Firing at one level while a worse one waits is normal.
//  - Hysteresis: a level is left when its recovery condition holds (without one: when its own
//  condition does not);
//    from critical the alert goes to warning as long as that is not left either. Lowering needs no
//    `for`.
//  - keep_firing_for delays the resolve, counted from the first evaluation that would have
//  resolved.
//  - No data: `after` counts from the newest sample, whether or not the row is still in the result.
//  As critical or
//    warning the alert becomes kNoData, its level the worse of both, and an open page stays the
//    same page (kNone if the level is unchanged). When data comes back the page goes on if the
//    condition holds or was not recovered, else it resolves. As ok resolves. keep (also the
//    default) leaves the alert as it is and gives it up `forget_after` after the row vanished; rows
//    that are fine are dropped at once. What fires for missing data is given up as late: a pod that
//    is gone for good must not fire for ever. Either way with kNoDataForgotten, after which the
//    alert is to be dropped.
//  - `hold` stops whatever absence would cause. A row whose data had stopped before (`after`
//  elapsed) is as good as absent meanwhile.
StepResult StepThreshold(const AlertState& state, const Observation& seen, const Monitor& monitor,
                         Timestamp now);

// When the state can change although no sample comes: `for` elapsed, keep-firing over, no data.
// Max: never. Stepping earlier with the same observation changes nothing. May lie in the past while
// the alert is held.
Timestamp NextPrometheusDeadline(const AlertState& state, absl::Duration for_duration,
                                 absl::Duration keep_firing_for);
Timestamp NextThresholdDeadline(const AlertState& state, const Monitor& monitor);

// The state after the service was away for `gap`: the clocks of `for` and keep_firing_for stood
// still meanwhile.
AlertState AfterDowntime(AlertState state, absl::Duration gap);

// The state after the wall clock was set by `step`: every instant by the new clock.
AlertState AfterClockStep(AlertState state, absl::Duration step);

}  // namespace tocsin::rules
