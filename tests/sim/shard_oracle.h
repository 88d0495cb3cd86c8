#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/shard.h"
#include "tests/sim/committed.h"
#include "tests/sim/findings.h"
#include "tests/sim/rule_oracle.h"
#include "tests/support/naive/storage.h"

namespace tocsin::simulation {

// All alerts of a shard at one moment, by rule.
using ShardAlerts = std::map<std::string, AlertModels>;

// What happened around one call of EvaluateUpTo.
struct Round {
  Timestamp now;
  absl::Duration monotonic;
  absl::Duration refusing;     // samples have been refused since
  std::vector<Point> written;  // by rules
  bool committed = false;      // the call's status
  bool outbox_full = false;
  bool registry_full = false;
  size_t alerts_max = 0;
};

// One shard of one life of the process, and what it must do: which samples it knows, what its rules
// give, how its alerts step, and what time means to it (decision 3: spans without knowledge are
// held, clocks stand still in them, a clock that was set translates every instant).
class ShardOracle {
 public:
  ShardOracle(engine::QueryOptions queries, Findings& findings)
      : queries_(std::move(queries)), findings_(findings) {}

  // A start with what the disk has. `gap`: since the last evaluation, 0 if not noticeable.
  struct Start {
    ShardAlerts alerts;
    Timestamp now;
    Timestamp evaluated;
    Timestamp hold_until;
  };
  void Begin(const engine::Shard& shard, const Committed& committed, Start start);
  // The rules of the shard were replaced, and its windows were read from the log.
  void Reloaded(const engine::Shard& shard, const Committed& committed, Timestamp now);

  void Apply(const Committed::Batch& batch);

  // Around EvaluateUpTo(now).
  void Before(const engine::Shard& shard, Timestamp now, absl::Duration monotonic);
  void After(const engine::Shard& shard, const Committed& committed, const Round& round);

  // Calls fn(rule) for all rules with alerts.
  template <typename Fn>
  void ForEachAlertRule(Fn&& fn) const {
    for (const auto& [id, rule] : rules_) {
      if (rule.runtime().alerts != nullptr) fn(rule);
    }
  }
  // States that may be on disk, the newest last.
  const std::list<ShardAlerts>& possible() const { return possible_; }
  Timestamp hold_until() const { return hold_until_; }

 private:
  struct Owed {
    int checks = 0;
    absl::Duration since;
  };

  void Add(const Committed::Batch& batch);
  void FollowRules(const engine::Shard& shard);
  void LoadSamples(const Committed& committed, Timestamp now);
  bool FollowClock(const engine::Shard& shard, const Committed& committed, const Round& round);
  void HoldAfter(absl::Duration gap, Timestamp now);
  void Shift(void (*move)(AlertModel&, absl::Duration), absl::Duration span);
  void TakeWritten(const engine::Shard& shard, const Round& round);
  void EvaluateGroup(const engine::GroupRuntime& group, const Round& round);
  void EvaluateRule(RuleOracle& rule, Timestamp t, const EvaluationFacts& facts);
  void CheckAlertSeries(const RuleOracle& rule, const std::vector<Point>& written,
                        const EvaluationFacts& facts);
  void CheckOnTime(const engine::Shard& shard, const Round& round);
  EvaluationFacts FactsAt(Timestamp t, const Round& round) const;
  ShardAlerts Alerts() const;
  TwinRows Rows(const RuleOracle& rule, Timestamp t, bool& ok) const;

  const engine::QueryOptions queries_;
  Findings& findings_;
  naive::Storage storage_;
  std::map<std::string, RuleOracle> rules_;
  std::list<ShardAlerts> possible_;
  Timestamp hold_until_;
  absl::Duration interval_ = absl::Seconds(15);

  bool followed_ = false;
  Timestamp followed_now_;
  absl::Duration followed_monotonic_;

  // Of the round under way.
  std::vector<const engine::GroupRuntime*> due_groups_;
  std::vector<const engine::MonitorRuntime*> due_monitors_;
  std::map<std::string, std::vector<Point>> written_;  // by metric; alerts: by "ALERTS/" and name

  std::set<std::pair<int64_t, Labels>> uncommitted_;  // written by this shard's rules
  std::map<std::string, Owed> owed_;                  // monitors that should have been evaluated
  std::map<std::string, int64_t> phase_ms_;           // of groups
  int64_t rounds_ = 0;
  int64_t pruned_ms_ = 0;
};

}  // namespace tocsin::simulation
