#include "tests/sim/shard_oracle.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace tocsin::simulation {
namespace {

constexpr absl::Duration kNoticed = absl::Seconds(5);  // shorter spans are none
constexpr absl::Duration kHoldMax = absl::Minutes(5);  // the lookback
constexpr absl::Duration kClockInterval = absl::Seconds(1);
constexpr absl::Duration kCoalesce = absl::Milliseconds(100);
constexpr absl::Duration kReach = absl::Minutes(8);  // of the rules of the simulation, and more

}  // namespace

void ShardOracle::FollowRules(const engine::Shard& shard) {
  std::map<std::string, RuleOracle> rules;
  const auto follow = [&](const engine::RuleRuntime& runtime, const rules::Monitor* monitor,
                          const rules::AlertRule* alert) {
    RuleOracle& rule = rules[runtime.id];
    const auto known = rules_.find(runtime.id);
    if (known != rules_.end()) rule = std::move(known->second);
    rule.Follow(runtime, monitor, alert);
  };
  for (const engine::GroupRuntime& group : shard.groups()) {
    for (size_t i = 0; i < group.rules.size(); ++i) {
      follow(*group.rules[i], nullptr, std::get_if<rules::AlertRule>(&group.group->rules[i]));
    }
  }
  for (const engine::MonitorRuntime& monitor : shard.monitors()) {
    follow(*monitor.rule, monitor.monitor, nullptr);
  }
  rules_ = std::move(rules);
}

void ShardOracle::LoadSamples(const Committed& committed, Timestamp now) {
  storage_.Clear();
  committed.Load((now - kReach).millis(), storage_);
  pruned_ms_ = now.millis();
}

void ShardOracle::Begin(const engine::Shard& shard, const Committed& committed, Start start) {
  FollowRules(shard);
  const absl::Duration passed = start.now - start.evaluated;
  const absl::Duration gap =
      absl::AbsDuration(passed) > kClockInterval ? passed : absl::ZeroDuration();
  LoadSamples(committed, std::min(start.now, start.evaluated));
  possible_ = {start.alerts};
  for (auto& [id, rule] : rules_) {
    const auto alerts = start.alerts.find(id);
    if (alerts == start.alerts.end()) continue;
    rule.alerts() = std::move(alerts->second);
    // What is not written with every sample is found again in the windows.
    bool ok = false;
    const TwinRows rows = Rows(rule, start.evaluated, ok);
    for (auto& [identity, model] : rule.alerts()) {
      model.value_known = false;
      const auto row = rows.find(model.row);
      const bool seen = row != rows.end() && row->second.newest != Timestamp::Min();
      if (rule.monitor() != nullptr && !model.absent) {
        model.last_seen = std::max(model.last_seen, seen ? row->second.newest : start.evaluated);
      }
      if (gap < absl::ZeroDuration()) {
        MoveClock(model, gap);
      } else {
        SkipSpan(model, gap);
      }
    }
  }
  if (start.hold_until > start.evaluated) hold_until_ = start.hold_until + gap;
  HoldAfter(absl::AbsDuration(gap), start.now);
}

void ShardOracle::Reloaded(const engine::Shard& shard, const Committed& committed, Timestamp now) {
  FollowRules(shard);
  LoadSamples(committed, now);
  owed_.clear();
  uncommitted_.clear();
}

void ShardOracle::Add(const Committed::Batch& batch) {
  for (const Point& point : batch) storage_.Add(point.labels, point.time_ms, point.value);
}

void ShardOracle::Apply(const Committed::Batch& batch) {
  Add(batch);
  for (const Point& point : batch) uncommitted_.erase({point.time_ms, point.labels});
}

void ShardOracle::HoldAfter(absl::Duration gap, Timestamp now) {
  if (gap < kNoticed) return;
  hold_until_ = std::max(hold_until_, now + std::min(gap, kHoldMax) + interval_);
}

void ShardOracle::Shift(void (*move)(AlertModel&, absl::Duration), absl::Duration span) {
  for (auto& [id, rule] : rules_) {
    for (auto& [identity, model] : rule.alerts()) move(model, span);
  }
}

void ShardOracle::Before(const engine::Shard& shard, Timestamp now, absl::Duration monotonic) {
  due_groups_.clear();
  due_monitors_.clear();
  const absl::Duration step =
      followed_ ? (now - followed_now_) - (monotonic - followed_monotonic_) : absl::ZeroDuration();
  const bool stepped = absl::AbsDuration(step) >= kNoticed;
  for (const engine::GroupRuntime& group : shard.groups()) {
    if (!stepped && now >= group.schedule.next()) due_groups_.push_back(&group);
  }
  for (const engine::MonitorRuntime& monitor : shard.monitors()) {
    const bool by_data =
        monitor.touched && absl::AbsDuration(now - monitor.evaluated_at) >= kCoalesce;
    if (stepped || by_data || now >= monitor.due_by_time) due_monitors_.push_back(&monitor);
  }
}

// True if the shard's plan was built anew.
bool ShardOracle::FollowClock(const engine::Shard& shard, const Committed& committed,
                              const Round& round) {
  bool rebuilt = false;
  if (followed_) {
    const absl::Duration passed = round.monotonic - followed_monotonic_;
    const absl::Duration step = (round.now - followed_now_) - passed;
    if (absl::AbsDuration(step) >= kNoticed) {
      Shift(&MoveClock, step);
      if (hold_until_ != Timestamp()) hold_until_ = hold_until_ + step;
      HoldAfter(absl::AbsDuration(step), round.now);
      owed_.clear();
      rebuilt = step < absl::ZeroDuration();
      if (rebuilt) Reloaded(shard, committed, round.now);
    } else if (passed >= kNoticed) {
      Shift(&SkipSpan, passed);
      HoldAfter(passed, round.now);
    }
  }
  if (round.refusing >= kNoticed) HoldAfter(round.refusing, round.now);
  followed_ = true;
  followed_now_ = round.now;
  followed_monotonic_ = round.monotonic;
  return rebuilt;
}

EvaluationFacts ShardOracle::FactsAt(Timestamp t, const Round& round) const {
  return {t, t < hold_until_, round.outbox_full, round.registry_full, round.alerts_max};
}

TwinRows ShardOracle::Rows(const RuleOracle& rule, Timestamp t, bool& ok) const {
  const auto rows = EvaluateTwin(storage_, rule.expr(), t, queries_, rule.monitor() != nullptr);
  ok = rows.ok();
  return ok ? *rows : TwinRows();
}

void ShardOracle::EvaluateRule(RuleOracle& rule, Timestamp t, const EvaluationFacts& facts) {
  bool ok = false;
  const TwinRows rows = Rows(rule, t, ok);
  // An evaluation that fails changes nothing.
  if (rule.record() != nullptr) {
    const auto& written = written_[rule.record()->name];
    if (ok) rule.CheckRecorded(rows, written, facts, findings_);
    Add(written);
    return;
  }
  if (!ok) return;
  rule.Evaluate(rows, facts, findings_);
  if (rule.monitor() != nullptr) return;
  for (const char* metric : {"ALERTS/", "ALERTS_FOR_STATE/"}) {
    const auto& written = written_[absl::StrCat(metric, rule.name())];
    CheckAlertSeries(rule, written, facts);
    Add(written);
  }
}

void ShardOracle::EvaluateGroup(const engine::GroupRuntime& group, const Round& round) {
  const Timestamp slot = group.health.evaluated_at;
  const int64_t interval_ms = absl::ToInt64Milliseconds(group.schedule.interval());
  if (slot > round.now || round.now - slot >= group.schedule.interval()) {
    findings_.Fail(absl::StrCat("group ", group.group->name, " was evaluated at ", slot.millis(),
                                " instead of the newest slot at ", round.now.millis()));
  }
  const auto [phase, fresh] = phase_ms_.try_emplace(group.group->name, slot.millis() % interval_ms);
  if (phase->second != slot.millis() % interval_ms) {
    findings_.Fail(absl::StrCat("group ", group.group->name, " left its phase"));
  }
  for (const auto& rule : group.rules) {
    EvaluateRule(rules_.at(rule->id), slot, FactsAt(slot, round));
  }
}

void ShardOracle::After(const engine::Shard& shard, const Committed& committed,
                        const Round& round) {
  const bool rebuilt = FollowClock(shard, committed, round);
  TakeWritten(shard, round);
  for (const engine::GroupRuntime* group : due_groups_) EvaluateGroup(*group, round);
  for (const engine::MonitorRuntime& monitor : shard.monitors()) {
    const bool due = rebuilt || std::count(due_monitors_.begin(), due_monitors_.end(), &monitor);
    if (due != (monitor.evaluated_at == round.now) && due) {
      findings_.Fail(absl::StrCat(monitor.rule->id, " was due and not evaluated"));
    }
    if (!due) continue;
    owed_.erase(monitor.rule->id);
    EvaluateRule(rules_.at(monitor.rule->id), round.now, FactsAt(round.now, round));
  }
  for (const auto& [id, rule] : rules_) rule.Compare(FactsAt(round.now, round), findings_);
  if (++rounds_ % 7 == 0) CheckOnTime(shard, round);
  if (round.committed) possible_.clear();
  possible_.push_back(Alerts());
  if (round.now.millis() - pruned_ms_ > absl::ToInt64Milliseconds(kReach)) {
    storage_.DropBefore((round.now - kReach).millis());
    pruned_ms_ = round.now.millis();
  }
}

// A monitor whose alerts would change now is evaluated within a second, whatever the cause.
void ShardOracle::CheckOnTime(const engine::Shard& shard, const Round& round) {
  for (const engine::GroupRuntime& group : shard.groups()) {
    if (group.schedule.next() <= round.now) {
      findings_.Fail(absl::StrCat("group ", group.group->name, " is late"));
    }
  }
  // Monitors hear of what rules wrote when it is committed; what could not be, they see when
  // something else has them evaluated.
  const int64_t recent_ms = (round.now - absl::Minutes(1)).millis();
  uncommitted_.erase(uncommitted_.begin(), uncommitted_.lower_bound({recent_ms, Labels()}));
  if (!uncommitted_.empty()) return owed_.clear();
  for (const engine::MonitorRuntime& monitor : shard.monitors()) {
    const RuleOracle& rule = rules_.at(monitor.rule->id);
    bool ok = false;
    const TwinRows rows = Rows(rule, round.now, ok);
    const std::string change =
        ok ? rule.WouldChange(rows, FactsAt(round.now, round)) : std::string();
    if (change.empty()) {
      owed_.erase(monitor.rule->id);
      continue;
    }
    Owed& owed = owed_[monitor.rule->id];
    if (owed.checks++ == 0) owed.since = round.monotonic;
    if (owed.checks > 1 && round.monotonic - owed.since > absl::Seconds(1.5)) {
      findings_.Fail(absl::StrCat(monitor.rule->id, " should have been evaluated ",
                                  absl::FormatDuration(round.monotonic - owed.since),
                                  " ago: ", change));
    }
  }
}

ShardAlerts ShardOracle::Alerts() const {
  ShardAlerts alerts;
  for (const auto& [id, rule] : rules_) {
    if (!rule.alerts().empty()) alerts[id] = rule.alerts();
  }
  return alerts;
}

}  // namespace tocsin::simulation
