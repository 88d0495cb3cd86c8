#include <algorithm>

#include "rules/alert_step.h"

// The machine of threshold monitors. A step first asks whether there is data at all, then which
// level the value gives (trigger, hysteresis, `for`), and last what going from the present level to
// that one means.
namespace tocsin::rules {
namespace {

bool Triggers(const std::optional<Condition>& condition, double value) {
  return condition && condition->Holds(value);
}

// The worst level whose condition holds, without regard to `for`.
Level TriggeredLevel(const Threshold& threshold, double value) {
  if (Triggers(threshold.critical, value)) return Level::kCritical;
  if (Triggers(threshold.warning, value)) return Level::kWarning;
  return Level::kOk;
}

bool IsLeft(const std::optional<Condition>& condition, const std::optional<Condition>& recovery,
            double value) {
  return recovery ? recovery->Holds(value) : !condition->Holds(value);
}

// The level to which `level` comes down at `value`: itself inside its hysteresis band.
Level HeldLevel(const Threshold& threshold, Level level, double value) {
  if (level == Level::kCritical) {
    if (threshold.critical && !IsLeft(threshold.critical, threshold.critical_recovery, value)) {
      return Level::kCritical;
    }
    if (!threshold.critical && threshold.warning) level = Level::kWarning;
  }
  if (level == Level::kOk) return Level::kOk;
  if (threshold.warning) {
    return IsLeft(threshold.warning, threshold.warning_recovery, value) ? Level::kOk
                                                                        : Level::kWarning;
  }
  // A page opened as warning by missing data, of a monitor that knows only critical: it stays open
  // while the condition holds and waits for its `for`.
  return Triggers(threshold.critical, value) ? Level::kWarning : Level::kOk;
}

// Starts, keeps or stops the clocks of `for`. A gap in the data does not count.
void UpdateClocks(AlertState& state, Level triggered, Timestamp now) {
  const absl::Duration gap = state.absent_since ? now - *state.absent_since : absl::ZeroDuration();
  state.absent_since.reset();
  const auto update = [&](std::optional<Timestamp>& since, bool holds, bool waits) {
    if (!holds) return since.reset();
    if (!since) {
      since = now;
    } else if (waits) {
      since = *since + gap;
    }
  };
  const bool firing = state.phase == AlertPhase::kFiring;
  update(state.active_at, triggered >= Level::kWarning || (firing && state.active_at),
         state.phase == AlertPhase::kPending);
  update(state.critical_since, triggered == Level::kCritical,
         !firing || state.level < Level::kCritical);
}

// The worst level whose condition has held for `for`.
Level ElapsedLevel(const AlertState& state, const Monitor& monitor, Level triggered,
                   Timestamp now) {
  if (triggered == Level::kCritical && now - *state.critical_since >= monitor.for_duration) {
    return Level::kCritical;
  }
  if (triggered >= Level::kWarning && monitor.threshold.warning &&
      now - *state.active_at >= monitor.for_duration) {
    return Level::kWarning;
  }
  return Level::kOk;
}

StepResult Resolve(const AlertState& state, Reason reason, Timestamp now) {
  AlertState after;
  after.last_seen = state.last_seen;
  after.value = state.value;
  after.resolved_at = now;
  return {after, Transition::kResolved, reason};
}

Transition LevelTransition(Level before, Level after) {
  if (after > before) return Transition::kRaised;
  if (after < before) return Transition::kLowered;
  return Transition::kNone;
}

Reason ResolveReason(const AlertState& state, const Threshold& threshold) {
  if (state.phase == AlertPhase::kNoData) return Reason::kDataCameBack;
  const bool had_recovery = state.level == Level::kCritical && threshold.critical
                                ? (threshold.warning ? threshold.warning_recovery.has_value()
                                                     : threshold.critical_recovery.has_value())
                                : threshold.warning_recovery.has_value();
  return had_recovery ? Reason::kRecovered : Reason::kConditionCleared;
}

// A page is open and the value says it should not be: resolve, or wait for keep_firing_for.
StepResult LeaveFiring(AlertState state, const Monitor& monitor, Timestamp now) {
  if (!state.keep_firing_since) state.keep_firing_since = now;
  if (now - *state.keep_firing_since < monitor.keep_firing_for) {
    return {state, Transition::kNone, Reason::kKeepFiring};
  }
  return Resolve(state, ResolveReason(state, monitor.threshold), now);
}

// The row is there and fresh, and no page is open.
StepResult StepQuiet(AlertState state, const Monitor& monitor, Level triggered, Timestamp now) {
  const bool was_pending = state.phase == AlertPhase::kPending;
  if (triggered == Level::kOk) {
    state.phase = AlertPhase::kOk;
    state.pending_level = Level::kOk;
    if (!was_pending) return {state, Transition::kNone, Reason::kNone};
    return {state, Transition::kUnpending, Reason::kConditionCleared};
  }
  const Level level = ElapsedLevel(state, monitor, triggered, now);
  state.pending_level = level < triggered ? triggered : Level::kOk;
  if (level > Level::kOk) {
    state.phase = AlertPhase::kFiring;
    state.level = level;
    state.fired_at = now;
    state.resolved_at.reset();
    return {state, Transition::kFired, was_pending ? Reason::kForElapsed : Reason::kConditionMet};
  }
  state.phase = AlertPhase::kPending;
  if (was_pending) return {state, Transition::kNone, Reason::kNone};
  return {state, Transition::kPending, Reason::kConditionMet};
}

// The row is there and fresh, and a page is open.
StepResult StepOpen(AlertState state, const Monitor& monitor, Level triggered, Timestamp now) {
  const bool back = state.phase == AlertPhase::kNoData;
  const Level before = state.level;
  const Level held = HeldLevel(monitor.threshold, back ? state.pending_level : before, state.value);
  // After missing data the page stays open on the bare condition, no worse than it was.
  const Level kept = back ? std::min(triggered, before) : Level::kOk;
  const Level level = std::max({held, kept, ElapsedLevel(state, monitor, triggered, now)});
  if (level == Level::kOk) return LeaveFiring(state, monitor, now);

  state.phase = AlertPhase::kFiring;
  state.level = level;
  state.pending_level = level < triggered ? triggered : Level::kOk;
  state.keep_firing_since.reset();
  if (!state.active_at) state.active_at = now;
  const Transition transition = LevelTransition(before, level);
  if (back) return {state, transition, Reason::kDataCameBack};
  return {state, transition,
          transition == Transition::kNone ? Reason::kNone : Reason::kLevelChanged};
}

// A firing alert whose keep_firing_for runs out while its row is missing: nothing more is to be
// waited for.
bool KeepFiringIsOver(const AlertState& state, const Monitor& monitor, Timestamp now) {
  return state.keep_firing_since && now - *state.keep_firing_since >= monitor.keep_firing_for;
}

// No row, and no data as something else than what it was: the alert stays as it is, its `for`
// clocks stand.
StepResult StepKeep(AlertState state, const Observation& seen, const Monitor& monitor,
                    bool gives_up, Timestamp now) {
  const bool open = state.phase == AlertPhase::kFiring || state.phase == AlertPhase::kNoData;
  if (!state.absent_since) state.absent_since = now;
  if (seen.hold) return {state, Transition::kNone, Reason::kHeldAfterRestart};
  if (open && KeepFiringIsOver(state, monitor, now)) {
    return Resolve(state, ResolveReason(state, monitor.threshold), now);
  }
  if (!gives_up) return {state, Transition::kNone, Reason::kNone};

  if (state.phase == AlertPhase::kOk) {
    return {AlertState{}, Transition::kForgotten, Reason::kRowVanished};
  }
  const absl::Duration forget_after =
      monitor.no_data ? monitor.no_data->forget_after : NoData{}.forget_after;
  if (now - *state.absent_since < forget_after) {
    return {state, Transition::kNone, Reason::kNone};
  }
  if (open) return Resolve(state, Reason::kNoDataForgotten, now);
  return {AlertState{}, Transition::kUnpending, Reason::kNoDataForgotten};
}

// Data stopped, and the monitor says that this is bad.
StepResult StepNoDataFires(AlertState state, const NoData& no_data, Level as, Timestamp now) {
  state.critical_since.reset();
  state.keep_firing_since.reset();
  if (state.phase == AlertPhase::kNoData) {
    if (now - state.last_seen >= no_data.after + no_data.forget_after) {
      return Resolve(state, Reason::kNoDataForgotten, now);
    }
    const Level before = state.level;
    state.level = std::max(as, state.pending_level);
    const Transition transition = LevelTransition(before, state.level);
    return {state, transition,
            transition == Transition::kNone ? Reason::kNone : Reason::kLevelChanged};
  }
  const bool was_open = state.phase == AlertPhase::kFiring;
  const Level before = was_open ? state.level : Level::kOk;
  state.phase = AlertPhase::kNoData;
  state.pending_level = before;
  state.level = std::max(before, as);
  if (was_open) return {state, LevelTransition(before, state.level), Reason::kNoData};
  state.active_at.reset();
  state.fired_at = now;
  state.resolved_at.reset();
  return {state, Transition::kFired, Reason::kNoData};
}

// Data stopped, and the monitor says that this is fine.
StepResult StepNoDataIsFine(AlertState state, const Observation& seen, Timestamp now) {
  switch (state.phase) {
    case AlertPhase::kFiring:
    case AlertPhase::kNoData:
      return Resolve(state, Reason::kNoData, now);
    case AlertPhase::kPending:
      return {AlertState{}, Transition::kUnpending, Reason::kNoData};
    case AlertPhase::kOk:
      break;
  }
  if (seen.present) return {state, Transition::kNone, Reason::kNone};
  return {AlertState{}, Transition::kForgotten, Reason::kRowVanished};
}

// The row is one of an earlier query: what it said is over.
StepResult StepRuleChanged(const AlertState& state, Timestamp now) {
  switch (state.phase) {
    case AlertPhase::kFiring:
    case AlertPhase::kNoData:
      return Resolve(state, Reason::kRuleChanged, now);
    case AlertPhase::kPending:
      return {AlertState{}, Transition::kUnpending, Reason::kRuleChanged};
    case AlertPhase::kOk:
      break;
  }
  return {AlertState{}, Transition::kForgotten, Reason::kRuleChanged};
}

bool IsStale(const AlertState& state, const Monitor& monitor, Timestamp now) {
  return monitor.no_data && monitor.no_data->as != NoData::As::kKeep &&
         now - state.last_seen >= monitor.no_data->after;
}

// The earliest of what `for` waits for; Max if nothing does.
Timestamp NextForDeadline(const AlertState& state, const Monitor& monitor) {
  Timestamp next = Timestamp::Max();
  if (state.absent_since) return next;
  if (state.phase == AlertPhase::kPending && monitor.threshold.warning && state.active_at) {
    next = std::min(next, *state.active_at + monitor.for_duration);
  }
  const bool critical_waits =
      state.phase == AlertPhase::kPending ||
      (state.phase == AlertPhase::kFiring && state.level < Level::kCritical);
  if (critical_waits && state.critical_since) {
    next = std::min(next, *state.critical_since + monitor.for_duration);
  }
  return next;
}

Timestamp NextNoDataDeadline(const AlertState& state, const Monitor& monitor) {
  if (monitor.no_data && monitor.no_data->as != NoData::As::kKeep) {
    if (state.phase == AlertPhase::kNoData) {
      return state.last_seen + monitor.no_data->after + monitor.no_data->forget_after;
    }
    // A row that is fine has nothing to lose as `ok`, unless it is missing and can be dropped.
    const bool matters = monitor.no_data->as != NoData::As::kOk || state.phase != AlertPhase::kOk ||
                         state.absent_since;
    return matters ? state.last_seen + monitor.no_data->after : Timestamp::Max();
  }
  if (!state.absent_since || state.phase == AlertPhase::kOk) return Timestamp::Max();
  return *state.absent_since +
         (monitor.no_data ? monitor.no_data->forget_after : NoData{}.forget_after);
}

}  // namespace

StepResult StepThreshold(const AlertState& before, const Observation& seen, const Monitor& monitor,
                         Timestamp now) {
  AlertState state = before;
  if (seen.present) state.last_seen = std::max(state.last_seen, seen.newest_sample);

  if (seen.rule_changed && !seen.present && !seen.hold) return StepRuleChanged(state, now);
  const bool stale = IsStale(state, monitor, now);
  if (stale && !seen.hold) {
    switch (monitor.no_data->as) {
      case NoData::As::kCritical:
        return StepNoDataFires(state, *monitor.no_data, Level::kCritical, now);
      case NoData::As::kWarning:
        return StepNoDataFires(state, *monitor.no_data, Level::kWarning, now);
      case NoData::As::kOk:
        return StepNoDataIsFine(state, seen, now);
      case NoData::As::kKeep:
        break;
    }
  }
  // While held, samples from before the data stopped are no news either: the row may still be
  // there.
  if (!seen.present || stale) {
    const bool waits_for_no_data = monitor.no_data && monitor.no_data->as != NoData::As::kKeep;
    return StepKeep(state, seen, monitor, /*gives_up=*/!waits_for_no_data, now);
  }

  state.value = seen.value;
  const Level triggered = TriggeredLevel(monitor.threshold, seen.value);
  UpdateClocks(state, triggered, now);
  const bool open = state.phase == AlertPhase::kFiring || state.phase == AlertPhase::kNoData;
  return open ? StepOpen(state, monitor, triggered, now)
              : StepQuiet(state, monitor, triggered, now);
}

Timestamp NextThresholdDeadline(const AlertState& state, const Monitor& monitor) {
  const Timestamp keep_firing = state.keep_firing_since
                                    ? *state.keep_firing_since + monitor.keep_firing_for
                                    : Timestamp::Max();
  return std::min(
      {keep_firing, NextForDeadline(state, monitor), NextNoDataDeadline(state, monitor)});
}

}  // namespace tocsin::rules
