#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "tests/rules/step_table.h"

// What must hold for every alert whatever it sees: random monitors, rules and observations, with
// the seed in failures.
namespace tocsin::rules {
namespace {

constexpr int kRuns = 3000;
constexpr int kSteps = 60;

int Below(Random& random, int n) {
  return static_cast<int>(random.Next() % static_cast<uint64_t>(n));
}
bool OneIn(Random& random, int n) {
  return Below(random, n) == 0;
}

Monitor RandomMonitor(Random& random) {
  Monitor monitor;
  const int levels = Below(random, 3);
  if (levels != 0) monitor.threshold.critical = Condition{CompareOp::kGreater, 6};
  if (levels != 1) monitor.threshold.warning = Condition{CompareOp::kGreater, 3};
  if (levels != 0 && OneIn(random, 2)) {
    monitor.threshold.critical_recovery = Condition{CompareOp::kLess, 5};
  }
  if (levels != 1 && OneIn(random, 2)) {
    monitor.threshold.warning_recovery = Condition{CompareOp::kLess, 2};
  }
  monitor.for_duration = absl::Seconds(Below(random, 3) * 20);
  monitor.keep_firing_for = absl::Seconds(Below(random, 3) * 15);
  if (OneIn(random, 2)) {
    monitor.no_data = NoData{static_cast<NoData::As>(Below(random, 4)),
                             absl::Seconds(10 + Below(random, 60)), absl::Seconds(200)};
  }
  return monitor;
}

Observation RandomObservation(Random& random, int t) {
  Observation seen;
  seen.present = !OneIn(random, 4);
  seen.value = Below(random, 9);
  seen.newest_sample = Second(t - (OneIn(random, 4) ? Below(random, 100) : 0));
  seen.hold = OneIn(random, 8);
  return seen;
}

// Whether a page is owed, as the one who sends pages would keep it from transitions alone.
class PageBook {
 public:
  // Empty if the transition makes sense now.
  std::string Apply(const StepResult& result) {
    const AlertState& state = result.state;
    switch (result.transition) {
      case Transition::kFired:
        if (open_) return "fired twice";
        open_ = true;
        break;
      case Transition::kResolved:
        if (!open_) return "resolved without fired";
        open_ = false;
        break;
      case Transition::kRaised:
      case Transition::kLowered:
        if (!open_) return "level changed without a page";
        if ((state.level > level_) != (result.transition == Transition::kRaised)) {
          return "level went the other way";
        }
        break;
      case Transition::kForgotten:
      case Transition::kUnpending:
        if (open_) return "forgotten with an open page";
        break;
      case Transition::kNone:
      case Transition::kPending:
        if (open_ && state.level != level_) return "level changed silently";
        break;
    }
    const bool firing = state.phase == AlertPhase::kFiring || state.phase == AlertPhase::kNoData;
    if (firing != open_) return "phase and pages disagree";
    if (firing && (state.level == Level::kOk || !state.fired_at)) return "firing without level";
    if (!firing && state.level != Level::kOk) return "level without firing";
    level_ = state.level;
    return "";
  }

 private:
  bool open_ = false;
  Level level_ = Level::kOk;
};

// Runs one random alert. `next_deadline` gives the machine's own deadline.
void RunRandomAlert(Random& random, const StepFunction& step,
                    const std::function<Timestamp(const AlertState&)>& next_deadline) {
  AlertState state;
  PageBook book;
  std::string trace;
  int t = 0;
  for (int i = 0; i < kSteps; ++i) {
    t += 1 + Below(random, 20);
    const Observation seen = RandomObservation(random, t);
    const StepResult result = step(state, seen, Second(t));
    trace += "\n" + std::to_string(t) + ": " + (seen.hold ? "h" : "") +
             (seen.present ? std::to_string(seen.value) : "-") + " -> " + Describe(result);
    ASSERT_EQ(book.Apply(result), "") << trace;
    if (seen.hold && !seen.present) {
      ASSERT_NE(result.transition, Transition::kResolved) << "held" << trace;
      ASSERT_NE(result.transition, Transition::kFired) << "held" << trace;
    }
    state = result.state;

    // Before its deadline, the same observation at a later time must not change anything, and again
    // at the same time neither: so an evaluation may be repeated after a crash, and nothing is
    // missed by waiting for the deadline.
    const Timestamp deadline = next_deadline(state);
    for (const int later : {t, t + 1, t + 7, t + 29}) {
      if (Second(later) >= deadline || seen.hold) continue;
      Observation same = seen;
      const StepResult again = step(state, same, Second(later));
      ASSERT_EQ(again.transition == Transition::kForgotten ? Transition::kNone : again.transition,
                Transition::kNone)
          << trace << "\nagain at " << later << " -> " << Describe(again);
    }
  }
}

TEST(StepPropertiesTest, ThresholdMonitors) {
  for (uint64_t seed = 1; seed <= kRuns; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SeededRandom random(seed);
    const Monitor monitor = RandomMonitor(random);
    RunRandomAlert(
        random,
        [&](const AlertState& state, const Observation& seen, Timestamp now) {
          return StepThreshold(state, seen, monitor, now);
        },
        [&](const AlertState& state) { return NextThresholdDeadline(state, monitor); });
    if (HasFatalFailure()) return;
  }
}

TEST(StepPropertiesTest, PrometheusRules) {
  for (uint64_t seed = 1; seed <= kRuns; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SeededRandom random(seed);
    const absl::Duration for_duration = absl::Seconds(Below(random, 3) * 20);
    const absl::Duration keep = absl::Seconds(Below(random, 3) * 15);
    RunRandomAlert(
        random,
        [&](const AlertState& state, const Observation& seen, Timestamp now) {
          return StepPrometheusAlert(state, seen, for_duration, keep, now);
        },
        [&](const AlertState& state) { return NextPrometheusDeadline(state, for_duration, keep); });
    if (HasFatalFailure()) return;
  }
}

// A state rebuilt from nothing but its fields goes on as the one that never stopped: the step keeps
// no memory of its own. The fields are listed one by one, so that a new one that is forgotten here
// (and then on disk) is noticed.
AlertState Rebuilt(const AlertState& state) {
  AlertState copy;
  copy.phase = static_cast<AlertPhase>(static_cast<uint8_t>(state.phase));
  copy.level = static_cast<Level>(static_cast<uint8_t>(state.level));
  copy.pending_level = static_cast<Level>(static_cast<uint8_t>(state.pending_level));
  const auto rebuild = [](const std::optional<Timestamp>& time) -> std::optional<Timestamp> {
    if (!time) return std::nullopt;
    return Timestamp::FromMillis(time->millis());
  };
  copy.active_at = rebuild(state.active_at);
  copy.critical_since = rebuild(state.critical_since);
  copy.fired_at = rebuild(state.fired_at);
  copy.keep_firing_since = rebuild(state.keep_firing_since);
  copy.resolved_at = rebuild(state.resolved_at);
  copy.absent_since = rebuild(state.absent_since);
  copy.last_seen = Timestamp::FromMillis(state.last_seen.millis());
  copy.value = state.value;
  return copy;
}

TEST(StepPropertiesTest, RestoredAtAnyPointEqualsNeverStopped) {
  for (uint64_t seed = 1; seed <= kRuns; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SeededRandom random(seed);
    const Monitor monitor = RandomMonitor(random);
    AlertState going;
    AlertState restored;
    int t = 0;
    for (int i = 0; i < kSteps; ++i) {
      t += 1 + Below(random, 20);
      const Observation seen = RandomObservation(random, t);
      const StepResult a = StepThreshold(going, seen, monitor, Second(t));
      const StepResult b = StepThreshold(Rebuilt(restored), seen, monitor, Second(t));
      ASSERT_EQ(Describe(a), Describe(b));
      ASSERT_TRUE(a.state == b.state);
      going = a.state;
      restored = b.state;
    }
  }
}

}  // namespace
}  // namespace tocsin::rules
