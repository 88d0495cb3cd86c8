#include "tests/sim/alert_model.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tocsin::simulation {
namespace {

using rules::AlertPhase;
using rules::Level;
using rules::Monitor;
using rules::NoData;

constexpr absl::Duration kForgetAfter = absl::Hours(24);
constexpr absl::Duration kRememberResolved = absl::Minutes(15);

void Move(std::optional<Timestamp>& time, absl::Duration span) {
  if (time) time = *time + span;
}

bool Over(const std::optional<Timestamp>& since, absl::Duration wanted, Timestamp now) {
  return since && now - *since >= wanted;
}

void End(AlertModel& alert) {
  alert = AlertModel{.row = alert.row};
  alert.gone = true;
}

// The page closes; a monitor that watches its rows goes on to know this one.
void Close(AlertModel& alert, Timestamp now) {
  AlertModel after;
  after.row = alert.row;
  after.last_seen = alert.last_seen;
  after.value = alert.value;
  after.absent = alert.absent;
  after.query = alert.query;
  after.resolved = now;
  alert = after;
}

// --- Monitors

// The worst level whose condition holds.
Level Reached(const Monitor& monitor, double value) {
  const auto& [critical, warning, leave_critical, leave_warning] = monitor.threshold;
  if (critical && critical->Holds(value)) return Level::kCritical;
  if (warning && warning->Holds(value)) return Level::kWarning;
  return Level::kOk;
}

bool Left(const rules::Condition& condition, const std::optional<rules::Condition>& recovery,
          double value) {
  return recovery ? recovery->Holds(value) : !condition.Holds(value);
}

// Down from `level`, but no further than hysteresis lets it.
Level Lowered(const Monitor& monitor, Level level, double value) {
  const rules::Threshold& t = monitor.threshold;
  if (level == Level::kOk) return level;
  if (level == Level::kCritical && t.critical && !Left(*t.critical, t.critical_recovery, value)) {
    return level;
  }
  // Opened as critical by missing data, or no longer critical.
  const bool may_warn = t.warning || level == Level::kWarning;
  if (!may_warn) return t.critical->Holds(value) ? Level::kWarning : Level::kOk;
  if (!t.warning) return t.critical->Holds(value) ? Level::kWarning : Level::kOk;
  return Left(*t.warning, t.warning_recovery, value) ? Level::kOk : Level::kWarning;
}

bool Stale(const AlertModel& alert, const Monitor& monitor, Timestamp now) {
  return monitor.no_data && monitor.no_data->as != NoData::As::kKeep &&
         now - alert.last_seen >= monitor.no_data->after;
}

void DataStopped(AlertModel& alert, const Monitor& monitor, bool present, Timestamp now) {
  const NoData& no_data = *monitor.no_data;
  if (no_data.as == NoData::As::kOk) {
    if (alert.Fires()) return Close(alert, now);
    if (alert.phase == AlertPhase::kPending || !present) End(alert);
    return;
  }
  const Level as = no_data.as == NoData::As::kCritical ? Level::kCritical : Level::kWarning;
  alert.critical_since.reset();
  alert.clear_since.reset();
  if (alert.phase == AlertPhase::kNoData) {
    if (now - alert.last_seen >= no_data.after + kForgetAfter) End(alert);
    alert.level = std::max(as, alert.level_before);
    return;
  }
  const bool was_open = alert.phase == AlertPhase::kFiring;
  alert.level_before = was_open ? alert.level : Level::kOk;
  alert.level = std::max(as, alert.level_before);
  alert.phase = AlertPhase::kNoData;
  if (was_open) return;
  alert.since.reset();
  alert.resolved.reset();
}

void RowMissing(AlertModel& alert, const Monitor& monitor, const Seen& seen, Timestamp now) {
  if (!alert.absent_since) alert.absent_since = now;
  if (seen.hold) return;
  if (alert.Fires() && Over(alert.clear_since, monitor.keep_firing_for, now)) {
    return Close(alert, now);
  }
  if (monitor.no_data && monitor.no_data->as != NoData::As::kKeep) return;  // no_data will tell
  const bool nothing_open = alert.phase == AlertPhase::kOk;
  if (nothing_open || now - *alert.absent_since >= kForgetAfter) End(alert);
}

// A level's clock runs while its condition holds, and not during gaps as long as it waits.
void RunClocks(AlertModel& alert, Level reached, Timestamp now) {
  const absl::Duration gap = alert.absent_since ? now - *alert.absent_since : absl::ZeroDuration();
  alert.absent_since.reset();
  const bool fires = alert.phase == AlertPhase::kFiring;
  if (reached == Level::kOk && !(fires && alert.since)) {
    alert.since.reset();
  } else if (!alert.since) {
    alert.since = now;
  } else if (alert.phase == AlertPhase::kPending) {
    Move(alert.since, gap);
  }
  if (reached != Level::kCritical) {
    alert.critical_since.reset();
  } else if (!alert.critical_since) {
    alert.critical_since = now;
  } else if (!fires || alert.level < Level::kCritical) {
    Move(alert.critical_since, gap);
  }
}

Level HeldForLong(const AlertModel& alert, const Monitor& monitor, Level reached, Timestamp now) {
  if (reached == Level::kCritical && Over(alert.critical_since, monitor.for_duration, now)) {
    return Level::kCritical;
  }
  const bool warns = reached != Level::kOk && monitor.threshold.warning;
  return warns && Over(alert.since, monitor.for_duration, now) ? Level::kWarning : Level::kOk;
}

void RowPresent(AlertModel& alert, const Monitor& monitor, const Seen& seen, Timestamp now) {
  alert.value = seen.value;
  alert.value_known = true;
  const Level reached = Reached(monitor, seen.value);
  RunClocks(alert, reached, now);
  const Level waited = HeldForLong(alert, monitor, reached, now);
  if (!alert.Fires()) {
    alert.phase = reached == Level::kOk  ? AlertPhase::kOk
                  : waited == Level::kOk ? AlertPhase::kPending
                                         : AlertPhase::kFiring;
    if (waited != Level::kOk) alert.resolved.reset();
    alert.level = waited;
    return;
  }
  const bool back = alert.phase == AlertPhase::kNoData;
  Level level = Lowered(monitor, back ? alert.level_before : alert.level, seen.value);
  // After missing data the page stays open on the bare condition, no worse than it was.
  if (back) level = std::max(level, std::min(reached, alert.level));
  level = std::max(level, waited);
  if (level == Level::kOk) {
    if (!alert.clear_since) alert.clear_since = now;
    if (Over(alert.clear_since, monitor.keep_firing_for, now)) Close(alert, now);
    return;
  }
  alert.phase = AlertPhase::kFiring;
  alert.level = level;
  alert.clear_since.reset();
  if (!alert.since) alert.since = now;
}

}  // namespace

bool RemembersRows(const Monitor& monitor) {
  return monitor.no_data && (monitor.no_data->as == NoData::As::kWarning ||
                             monitor.no_data->as == NoData::As::kCritical);
}

bool ConditionHolds(const Monitor& monitor, double value) {
  return Reached(monitor, value) != Level::kOk;
}

void StepMonitor(AlertModel& alert, const Monitor& monitor, const Seen& seen, Timestamp now) {
  alert.absent = !seen.present;
  if (seen.present) {
    alert.last_seen = std::max(alert.last_seen, seen.newest);
    alert.query = Hash64(monitor.query.text);
  }
  // The query was changed and does not give this row any more: what it said is over.
  if (alert.query != Hash64(monitor.query.text) && !seen.hold) {
    End(alert);
  } else if (!seen.hold && Stale(alert, monitor, now)) {
    DataStopped(alert, monitor, seen.present, now);
  } else if (seen.present && !Stale(alert, monitor, now)) {
    RowPresent(alert, monitor, seen, now);
  } else {
    RowMissing(alert, monitor, seen, now);
  }
  if (alert.phase == AlertPhase::kOk && !RemembersRows(monitor)) alert.gone = true;
}

// --- Alert rules

void StepRule(AlertModel& alert, const rules::AlertRule& rule, const Seen& seen, Timestamp now) {
  const bool fired = alert.phase == AlertPhase::kFiring;
  alert.absent = !seen.present;
  if (seen.present) {
    if (alert.phase == AlertPhase::kOk) {
      alert = AlertModel{.phase = AlertPhase::kPending, .since = now, .row = alert.row};
    } else if (alert.phase == AlertPhase::kPending && alert.absent_since) {
      Move(alert.since, now - *alert.absent_since);
    }
    alert.absent_since.reset();
    alert.clear_since.reset();
    alert.value = seen.value;
    alert.value_known = true;
    if (Over(alert.since, rule.for_duration, now)) alert.phase = AlertPhase::kFiring;
  } else if (alert.phase == AlertPhase::kOk) {
    if (!alert.resolved || now - *alert.resolved > kRememberResolved) End(alert);
  } else if (seen.hold) {
    if (!alert.absent_since) alert.absent_since = now;
  } else if (alert.phase == AlertPhase::kPending) {
    alert = AlertModel{.row = alert.row, .absent = true};  // inactive, until the next evaluation
  } else {
    alert.absent_since.reset();
    if (!alert.clear_since) alert.clear_since = now;
    if (Over(alert.clear_since, rule.keep_firing_for, now)) {
      alert.phase = AlertPhase::kOk;
      alert.clear_since.reset();
      alert.resolved = now;
    }
  }
  // `for` was raised.
  if (fired && alert.phase == AlertPhase::kFiring && !alert.absent_since &&
      now - *alert.since < rule.for_duration) {
    alert.phase = AlertPhase::kPending;
    alert.clear_since.reset();
  }
  alert.level = alert.phase == AlertPhase::kFiring ? Level::kCritical : Level::kOk;
}

// --- Time

void SkipSpan(AlertModel& alert, absl::Duration span) {
  if (alert.phase == AlertPhase::kPending) Move(alert.since, span);
  Move(alert.critical_since, span);
  Move(alert.clear_since, span);
  Move(alert.absent_since, span);
  alert.last_seen = alert.last_seen + span;
}

void MoveClock(AlertModel& alert, absl::Duration step) {
  for (auto* time : {&alert.since, &alert.critical_since, &alert.clear_since, &alert.resolved,
                     &alert.absent_since}) {
    Move(*time, step);
  }
  alert.last_seen = alert.last_seen + step;
}

std::string AlertModel::ToString() const {
  const auto time = [](const char* name, const std::optional<Timestamp>& t) {
    return t ? absl::StrCat(" ", name, "=", t->millis()) : std::string();
  };
  return absl::StrCat(rules::AlertPhaseName(phase), "/", rules::LevelName(level), " value=", value,
                      time("since", since), time("critical_since", critical_since),
                      time("clear_since", clear_since), time("resolved", resolved),
                      time("absent_since", absent_since), " last_seen=", last_seen.millis(),
                      absent ? " absent" : "");
}

}  // namespace tocsin::simulation
