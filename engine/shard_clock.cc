// Spans in which nothing could be learnt: downtime, a process that was stopped, a wall clock that
// was set, input that was refused. None of them may fire, resolve or advance anything by itself.
#include <algorithm>

#include "base/log.h"
#include "engine/shard.h"

namespace tocsin::engine {
namespace {

constexpr absl::Duration kUnnoticed = absl::Seconds(5);
constexpr absl::Duration kHoldMax =
    absl::Minutes(5);  // the lookback: what is silent longer is gone

}  // namespace

void Shard::HoldAfter(absl::Duration gap, Timestamp now) {
  if (gap < kUnnoticed) return;
  hold_until_ = std::max(hold_until_, now + std::min(gap, kHoldMax) + options_.default_interval);
}

void Shard::RememberClock(Timestamp now) {
  followed_now_ = now;
  followed_monotonic_ = deps_.clock.Monotonic();
}

void Shard::FollowClock(Timestamp now) {
  if (followed_now_ == Timestamp::Min() || options_.lockstep) return;
  const absl::Duration passed = deps_.clock.Monotonic() - followed_monotonic_;
  const absl::Duration step = (now - followed_now_) - passed;
  if (absl::AbsDuration(step) >= kUnnoticed) {
    ClockStepped(step, now);
  } else if (passed >= kUnnoticed) {
    WasStopped(passed, now);
  }
}

void Shard::ChangeAlerts(const std::function<void(AlertInstance&)>& fn) {
  ForEachRule(*plan_, [&](RuleRuntime& rule) {
    if (rule.alerts == nullptr) return;
    rule.alerts->ForEach([&](AlertInstance& alert) {
      fn(alert);
      commit_.Keep(rule.id, alert);
    });
  });
  commit_owed_ = true;
}

// What alerts remember was told by the old clock and is translated. Samples keep their dates, so
// what is absent by the new clock is held until samples dated by it had the time to come.
void Shard::ClockStepped(absl::Duration step, Timestamp now) {
  deps_.metrics.clock_steps.Increment();
  Log(LogLevel::kWarning, "the clock was set", {{"seconds", absl::ToDoubleSeconds(step)}});
  ChangeAlerts(
      [&](AlertInstance& alert) { alert.state = rules::AfterClockStep(alert.state, step); });
  for (GroupRuntime& group : plan_->groups) group.schedule.Start(now);
  for (MonitorRuntime& monitor : plan_->monitors) {
    monitor.evaluated_at = monitor.evaluated_at + step;
    monitor.due_by_time = now;
    if (monitor.schedule) monitor.schedule->Start(now);
  }
  if (hold_until_ != Timestamp()) hold_until_ = hold_until_ + step;
  HoldAfter(absl::AbsDuration(step), now);
  clock_written_ = trimmed_at_ = Timestamp();
  if (step > absl::ZeroDuration()) return;
  // Windows have dropped what is old by the old clock, and with it the place of what comes now.
  const absl::Status installed = Install(plan_->rules, plan_->owns, now);
  if (!installed.ok()) {
    Log(LogLevel::kError, "windows could not be read again", {{"error", installed.ToString()}});
  }
}

void Shard::WasStopped(absl::Duration gap, Timestamp now) {
  Log(LogLevel::kWarning, "the process was stopped for a while",
      {{"seconds", absl::ToDoubleSeconds(gap)}});
  ChangeAlerts([&](AlertInstance& alert) { SkipGap(gap, alert); });
  HoldAfter(gap, now);
}

// Samples that we refuse ourselves (a full disk) are not samples that stopped.
void Shard::HoldWithoutInput(Timestamp now) {
  const absl::Duration since = deps_.input.RefusingFor(deps_.clock.Monotonic());
  if (since >= kUnnoticed) HoldAfter(since, now);
}

}  // namespace tocsin::engine
