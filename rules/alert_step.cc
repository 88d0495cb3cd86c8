#include "rules/alert_step.h"

#include <algorithm>

// Prometheus' machine; the one of monitors is in threshold_step.cc.
namespace tocsin::rules {
namespace {

void Shift(std::optional<Timestamp>& time, absl::Duration gap) {
  if (time) time = *time + gap;
}

StepResult StepMissing(AlertState state, const Observation& seen, absl::Duration keep_firing_for,
                       Timestamp now) {
  switch (state.phase) {
    case AlertPhase::kOk:
    case AlertPhase::kNoData:
      if (state.resolved_at && now - *state.resolved_at <= kResolvedRetention) {
        return {state, Transition::kNone, Reason::kNone};
      }
      return {AlertState{}, Transition::kForgotten, Reason::kRowVanished};
    case AlertPhase::kPending:
      if (seen.hold) break;
      return {AlertState{}, Transition::kUnpending, Reason::kRowVanished};
    case AlertPhase::kFiring:
      if (seen.hold) break;
      state.absent_since.reset();
      if (keep_firing_for > absl::ZeroDuration()) {
        if (!state.keep_firing_since) state.keep_firing_since = now;
        if (now - *state.keep_firing_since < keep_firing_for) {
          return {state, Transition::kNone, Reason::kKeepFiring};
        }
      }
      state.phase = AlertPhase::kOk;
      state.level = Level::kOk;
      state.keep_firing_since.reset();
      state.resolved_at = now;
      return {state, Transition::kResolved, Reason::kConditionCleared};
  }
  if (!state.absent_since) state.absent_since = now;
  return {state, Transition::kNone, Reason::kHeldAfterRestart};
}

AlertState NewlyActive(Timestamp now) {
  AlertState state;
  state.phase = AlertPhase::kPending;
  state.pending_level = Level::kCritical;
  state.active_at = now;
  return state;
}

StepResult StepPresent(const AlertState& before, const Observation& seen,
                       absl::Duration for_duration, Timestamp now) {
  const bool is_new = before.phase == AlertPhase::kOk || !before.active_at;
  AlertState state = is_new ? NewlyActive(now) : before;
  if (state.absent_since && state.phase == AlertPhase::kPending) {
    Shift(state.active_at, now - *state.absent_since);
  }
  state.absent_since.reset();
  state.keep_firing_since.reset();
  state.value = seen.value;
  state.last_seen = std::max(state.last_seen, seen.newest_sample);

  if (state.phase == AlertPhase::kPending && now - *state.active_at >= for_duration) {
    state.phase = AlertPhase::kFiring;
    state.level = Level::kCritical;
    state.pending_level = Level::kOk;
    state.fired_at = now;
    return {state, Transition::kFired, is_new ? Reason::kConditionMet : Reason::kForElapsed};
  }
  if (is_new) return {state, Transition::kPending, Reason::kConditionMet};
  return {state, Transition::kNone, Reason::kNone};
}

// Firing although `for` is not over: it was raised by a reload.
StepResult FallBackToPending(AlertState state) {
  state.phase = AlertPhase::kPending;
  state.level = Level::kOk;
  state.pending_level = Level::kCritical;
  state.fired_at.reset();
  state.keep_firing_since.reset();
  return {state, Transition::kResolved, Reason::kForRaised};
}

}  // namespace

StepResult StepPrometheusAlert(const AlertState& state, const Observation& seen,
                               absl::Duration for_duration, absl::Duration keep_firing_for,
                               Timestamp now) {
  StepResult result = seen.present ? StepPresent(state, seen, for_duration, now)
                                   : StepMissing(state, seen, keep_firing_for, now);
  const AlertState& after = result.state;
  if (after.phase == AlertPhase::kFiring && !after.absent_since && after.active_at &&
      now - *after.active_at < for_duration) {
    return FallBackToPending(after);
  }
  return result;
}

Timestamp NextPrometheusDeadline(const AlertState& state, absl::Duration for_duration,
                                 absl::Duration keep_firing_for) {
  switch (state.phase) {
    case AlertPhase::kPending:
      if (state.absent_since || !state.active_at) return Timestamp::Max();
      return *state.active_at + for_duration;
    case AlertPhase::kFiring:
      if (state.absent_since || !state.keep_firing_since) return Timestamp::Max();
      return *state.keep_firing_since + keep_firing_for;
    case AlertPhase::kOk:
    case AlertPhase::kNoData:
      if (!state.resolved_at) return Timestamp::Max();
      return *state.resolved_at + kResolvedRetention + absl::Milliseconds(1);
  }
  return Timestamp::Max();
}

AlertState AfterClockStep(AlertState state, absl::Duration step) {
  Shift(state.active_at, step);
  Shift(state.critical_since, step);
  Shift(state.fired_at, step);
  Shift(state.keep_firing_since, step);
  Shift(state.resolved_at, step);
  Shift(state.absent_since, step);
  state.last_seen = state.last_seen + step;
  return state;
}

AlertState AfterDowntime(AlertState state, absl::Duration gap) {
  if (state.phase == AlertPhase::kPending) Shift(state.active_at, gap);
  Shift(state.critical_since, gap);
  Shift(state.keep_firing_since, gap);
  Shift(state.absent_since, gap);
  return state;
}

}  // namespace tocsin::rules
