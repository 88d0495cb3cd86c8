// What goes wrong, and what the operator does.
#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/sharding.h"
#include "tests/sim/durable.h"
#include "tests/sim/world.h"
#include "tests/sim/world_call.h"

namespace tocsin::simulation {
namespace {

double Some(Dice& dice, double max) {
  return dice.OneIn(2) ? 0 : dice.random().Uniform() * max;
}

sim::FaultPlan DrawFaults(Dice& dice) {
  sim::FaultPlan faults;
  faults.drop_before = Some(dice, 0.3);
  faults.drop_after = Some(dice, 0.3);
  faults.error_500 = Some(dice, 0.3);
  faults.error_503 = Some(dice, 0.3);
  faults.throttle = Some(dice, 0.2);
  faults.slow = Some(dice, 0.2);
  faults.slow_delay = absl::Seconds(dice.Between(1, 15));
  faults.discard = Some(dice, 0.1);
  faults.fail_create = Some(dice, 0.2);
  faults.key_rotated = dice.OneIn(12);
  return faults;
}

std::set<std::string> AlertRuleIds(const rules::RuleSet& rules) {
  std::set<std::string> ids;
  for (const rules::Group& group : rules.groups) {
    for (const rules::GroupRule& rule : group.rules) {
      const auto* alert = std::get_if<rules::AlertRule>(&rule);
      if (alert != nullptr) ids.insert(engine::AlertRuleId(group, *alert, 0));
    }
  }
  for (const rules::Monitor& monitor : rules.monitors) ids.insert(engine::MonitorId(monitor));
  return ids;
}

}  // namespace

void World::Act() {
  next_act_ms_ = now_ms_ + dice_.Between(2'000, 40'000);
  switch (dice_.Below(7)) {
    case 0:
    case 1:
      return ChangeReceiver();
    case 2:
      return ChangeDisk();
    case 3:
      if (plan_.stalls) Stall();
      return;
    case 4:
      if (plan_.clock_jumps) StepClock();
      return;
    case 5:
      if (plan_.reloads) Reload();
      return;
    default:
      if (plan_.restarts) Restart();
  }
}

void World::Calm() {
  Note("calm");
  calm_ = true;
  traffic_.Calm();
  receiver_.SetFaults({});
  store_.SetWriteBytesMax(disk_bytes_max_ = UINT64_MAX);
  up_at_ms_ = std::min(up_at_ms_, now_ms_ + 5'000);
}

void World::ChangeReceiver() {
  sim::FaultPlan faults;
  if (plan_.receiver_faults) faults = DrawFaults(dice_);
  if (plan_.receiver_outages) faults.outage = dice_.OneIn(2);
  receiver_.SetFaults(faults);
  if (plan_.receiver_outages && faults.outage && dice_.OneIn(4)) {
    next_act_ms_ += dice_.Between(60'000, 240'000);  // a long one
  }
  Note(absl::StrCat("receiver: outage ", faults.outage, " discard ", faults.discard));
}

void World::ChangeDisk() {
  if (!plan_.fills) return;
  const int64_t dice = dice_.Below(4);
  const uint64_t bytes_max = dice < 2 ? UINT64_MAX : dice == 2 ? 0 : 400;
  store_.SetWriteBytesMax(disk_bytes_max_ = bytes_max);
  Note(absl::StrCat("disk takes writes up to ", bytes_max));
}

void World::Stall() {
  stalled_until_ms_ = now_ms_ + dice_.Between(1'000, dice_.OneIn(4) ? 600'000 : 20'000);
  Note(absl::StrCat("stands still until ", stalled_until_ms_));
}

void World::StepClock() {
  const int64_t span_ms = dice_.Between(1'000, dice_.OneIn(3) ? 3'600'000 : 90'000);
  const absl::Duration step = absl::Milliseconds(dice_.OneIn(2) ? span_ms : -span_ms);
  Note(absl::StrCat("clock set by ", absl::ToInt64Milliseconds(step)));
  clock_.Step(step);
  // Its keeper notices steps of 5 s and more.
  if (service_ == nullptr || absl::AbsDuration(step) < absl::Seconds(5)) return;
  service_->delivery().ClockStepped(step);
}

void World::Reload() {
  if (!Up()) return;
  rule_maker_.Change();
  auto rules = rule_maker_.Rules();
  bool installed = false;
  const bool alive = Call("reload", [&] {
    installed = service_->engine().Install(rules, clock_.Now()).ok();
    if (!installed) return;
    rules_ = rules;
    for (size_t i = 0; i < oracles_.size(); ++i) {
      oracles_[i].Reloaded(service_->engine().shard(i), committed_, clock_.Now());
    }
    ledger_.KeepRules(AlertRuleIds(*rules_));
  });
  Note(absl::StrCat("reload ", alive && installed ? "done" : "failed"));
}

// An orderly stop, as Engine::Stop does it; then a start, with other shards or rules at times.
void World::Restart() {
  if (!Up()) return;
  Note("operator restarts");
  for (size_t i = 0; i < oracles_.size(); ++i) {
    RunShard(i);
    if (service_ == nullptr || findings_.any()) return;
  }
  if (service_->work_waits()) CommitSamples();
  if (service_ == nullptr) return;
  if (dice_.OneIn(3)) shards_ = static_cast<size_t>(dice_.Between(1, 4));
  if (plan_.reloads && dice_.OneIn(2)) {
    rule_maker_.Change();
    rules_ = rule_maker_.Rules();
  }
  Die("stop");
  up_at_ms_ = now_ms_ + dice_.Below(5'000);
}

// --- Death and start

bool World::DieBefore(const char* what) {
  if (calm_ || !dice_.Chance(plan_.dies)) return false;
  Die(what);
  return true;
}

bool World::DiedIn(const char* what) {
  if (!store_.dead()) return false;
  Die(what);
  return true;
}

void World::Arm() {
  if (calm_) return;
  using Fault = storage::FaultyStore::Fault;
  const auto nth = [&] { return static_cast<uint64_t>(dice_.Between(1, 2)); };
  if (dice_.Chance(plan_.refuses_write)) store_.FailWrite(nth(), Fault::kRefused);
  if (dice_.Chance(plan_.tears_write)) store_.FailWrite(nth(), Fault::kTorn);
  if (dice_.Chance(plan_.dies_in_write)) {
    store_.FailWrite(nth(), dice_.OneIn(2) ? Fault::kDies : Fault::kDiesTorn);
  }
}

void World::Die(const char* what) {
  const auto unsynced = static_cast<int64_t>(store_.unsynced());
  const int64_t kept = plan_.loses_power ? dice_.Between(0, unsynced) : unsynced;
  up_at_ms_ = now_ms_ + dice_.Below(plan_.down_ms_max + 1);
  Note(absl::StrCat("dies at ", what, ", keeps ", kept, " of ", unsynced, " unsynced writes"));
  service_.reset();
  wire_.Cut();
  store_.Crash(static_cast<size_t>(kept));
  store_.SetWriteBytesMax(disk_bytes_max_);  // restarting frees no disk
  for (auto& [id, request] : std::exchange(asked_, {})) {
    traffic_.Retry(std::move(request), now_ms_);
  }
}

void World::Start() {
  OnDisk disk = ReadDisk(store_, oracles_);
  if (!disk.wrong.empty()) return findings_.Fail(disk.wrong);
  if (disk.is_new) disk.evaluated = clock_.Now();
  service_ =
      std::make_unique<Service>(plan_, shards_, store_, clock_, delivery_random_,
                                [this](const Committed::Batch& batch) { committed_.Add(batch); });
  const absl::Status started = service_->Start(rules_);
  if (!started.ok()) {
    Note("cannot start");
    service_.reset();
    up_at_ms_ = now_ms_ + 5'000;
    return;
  }
  // A crash may bring back what was removed while other pages came.
  outbox_entries_max_ =
      std::max<size_t>(plan_.limits.outbox_entries_max, service_->engine().outbox().size());
  const std::string wrong = committed_.CompareWith(service_->engine());
  if (!wrong.empty()) return findings_.Fail(wrong);
  Note(absl::StrCat("starts with ", shards_, " shards, last evaluated at ",
                    disk.evaluated.millis()));
  Note(rule_maker_.Yaml());
  stalled_until_ms_ = 0;
  commit_at_ms_ = now_ms_;
  ledger_.AfterCrash(disk.alerts, now_ms_);
  ledger_.KeepRules(AlertRuleIds(*rules_));
  BeginOracles(std::move(disk.alerts), disk.evaluated, disk.hold_until);
}

void World::BeginOracles(ShardAlerts alerts, Timestamp evaluated, Timestamp hold_until) {
  oracles_.clear();
  shard_ran_ms_.assign(shards_, now_ms_);
  shard_pause_ms_.assign(shards_, 0);
  for (size_t i = 0; i < shards_; ++i) {
    const engine::Shard& shard = service_->engine().shard(i);
    ShardOracle::Start start{{}, clock_.Now(), evaluated, hold_until};
    const auto take = [&](const std::string& rule_id) {
      if (auto node = alerts.extract(rule_id)) start.alerts.insert(std::move(node));
    };
    for (const auto& group : shard.groups()) {
      for (const auto& rule : group.rules) take(rule->id);
    }
    for (const auto& monitor : shard.monitors()) take(monitor.rule->id);
    if (i + 1 == shards_) start.alerts.merge(alerts);  // of rules that are gone
    oracles_.emplace_back(engine::QueryOptions(), findings_)
        .Begin(shard, committed_, std::move(start));
  }
}

}  // namespace tocsin::simulation
