#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/mutex.h"
#include "engine/alerts/alert_commit.h"
#include "engine/alerts/alert_records.h"
#include "engine/shard_plan.h"

namespace tocsin::engine {

// What anomaly monitors learned, by the rule's id.
using ModelsByRule = std::map<std::string, std::vector<state::v1::ModelRecord>>;

// What a restart brings along.
struct Resumed {
  AlertsByRule alerts;  // as they were at `evaluated`
  ModelsByRule models;
  Timestamp evaluated;   // the last evaluation before the stop
  Timestamp hold_until;  // as in force then
};

// What rules have that goes on when they run anew, by their id.
struct Handover {
  AlertsByRule alerts;
  std::map<std::string, std::unique_ptr<AnomalyModels>> models;
  std::map<std::string, SeriesWriter> writers;
};

// The rules of one share and everything they need: windows, operators, alerts. Steps 3 (apply) and
// 4 (evaluate and commit) of a sample's way.
//
// Passive, single-threaded (but for Prepare), no lock; time comes as an argument, so the same shard
// serves live, replays and is simulated.
class Shard {
 public:
  Shard(ShardDependencies dependencies, ShardOptions options);
  ~Shard();

  // New rules in steps, see InstallOnAll(). Prepare builds the plan (errors: see BuildShardPlan)
  // and CatchUp brings its windows to the log's end, both from any thread while the shard goes on.
  absl::StatusOr<std::unique_ptr<ShardPlan>> Prepare(std::shared_ptr<const rules::RuleSet> rules,
                                                     const Owns& owns, Timestamp now) const;
  absl::Status CatchUp(ShardPlan& plan) const;
  // Gives up what its rules have, for the shards that go on with them.
  void HandOver(Handover& handover);
  // Replaces what ran, taking what the plan's rules have over.
  void TakeOver(std::unique_ptr<ShardPlan> plan, Timestamp now, Handover& handover);
  // What nobody took belongs to rules that are gone: closes their pages, ends their series.
  void Retire(Handover& handover, Timestamp now);
  // What was not written yet, as another shard is about to write it.
  absl::Status Flush(Timestamp now);
  // All steps, for a shard that neither gives rules to others nor gets any.
  absl::Status Install(std::shared_ptr<const rules::RuleSet> rules, const Owns& owns,
                       Timestamp now);
  // At start, with what is on disk: goes on where the last evaluation left off. The time since then
  // counts for nothing, and what is absent is held until data had the time to come back.
  absl::Status Resume(std::shared_ptr<const rules::RuleSet> rules, const Owns& owns, Timestamp now,
                      Resumed resumed);

  void Apply(const CommittedBatch& batch);

  // Evaluates everything that is due at `now` and commits the outcome. Errors (the commit failed)
  // are logged and counted already; the work is repeated by the next call.
  //
  // To be called at least once a second: a longer silence means that the process was stopped, and
  // is treated as a restart's gap is.
  absl::Status EvaluateUpTo(Timestamp now);
  // When EvaluateUpTo() has to be called again if nothing arrives.
  Timestamp NextDue() const;

  // What a person says of the page of an anomaly monitor. Returns the monitor's name. Errors:
  // NotFound (no row pages under this alias), else as AnomalyModels::Take().
  absl::StatusOr<std::string> TakeFeedback(const std::string& alias, Feedback feedback);

  // The last commit failed: what is on disk is behind.
  bool commit_owed() const { return commit_owed_; }
  // How late the group is that has waited longest for its evaluation.
  absl::Duration Lag(Timestamp now) const;
  // Valid after Install or Resume, until the next Install.
  const std::vector<GroupRuntime>& groups() const { return plan_->groups; }
  const std::vector<MonitorRuntime>& monitors() const { return plan_->monitors; }
  const std::shared_ptr<const rules::RuleSet>& rules() const { return plan_->rules; }
  const Owns& owns() const { return plan_->owns; }
  bool has_rules() const { return plan_ != nullptr; }

 private:
  // Taking over (shard_install.cc).
  // Fills in what is not written with every sample: the newest sample behind each row.
  static void RecallLastSeen(ShardPlan& plan, Resumed& resumed);
  // And what rules wrote at their last evaluation, so that it ends if it is not written again.
  static void RecallWritten(ShardPlan& plan, const Resumed& resumed);
  absl::Duration GapBefore(Timestamp now, const Resumed& resumed) const;

  // Anomaly monitors (shard_anomaly.cc).
  void EvaluateAnomaly(MonitorRuntime& monitor, Timestamp now);
  void CountModels(RuleRuntime& rule, size_t models) const;
  absl::Status EvaluateModels(RuleRuntime& rule, const QueryResult& result, Timestamp query_time);
  absl::Status RecallModels(ShardPlan& plan, Resumed& resumed, Timestamp now);
  absl::Status Learn(ShardPlan& plan, Timestamp now,
                     const std::function<bool(const rules::Monitor&)>& wanted) const;
  void DropModels(const std::string& rule_id, const AnomalyModels& models);

  // Time that is not what it seems (shard_clock.cc).
  void HoldAfter(absl::Duration gap, Timestamp now);
  void FollowClock(Timestamp now);
  void RememberClock(Timestamp now);
  void ClockStepped(absl::Duration step, Timestamp now);
  void WasStopped(absl::Duration gap, Timestamp now);
  // Changes all alerts by `fn` and writes them.
  void ChangeAlerts(const std::function<void(AlertInstance&)>& fn);
  void HoldWithoutInput(Timestamp now);
  bool Holding(Timestamp now) const { return now < hold_until_; }

  void EvaluateGroup(GroupRuntime& group, Timestamp now);
  void EvaluateMonitor(MonitorRuntime& monitor, Timestamp now);
  absl::Status EvaluateRule(RuleRuntime& rule, Timestamp query_time,
                            const AlertCommit::Round& round, const rules::Group* group);
  absl::Status RunRule(RuleRuntime& rule, Timestamp query_time, const AlertCommit::Round& round,
                       const rules::Group* group);
  AlertEvaluation MakeAlertEvaluation(const RuleRuntime& rule, Timestamp query_time, Timestamp now);
  absl::Status EvaluateAlerts(RuleRuntime& rule, const AlertEvaluation& evaluation,
                              Timestamp query_time, const AlertCommit::Round& round, bool monitor);
  // Composite monitors (shard_composites.cc).
  absl::Status EvaluateComposite(RuleRuntime& rule, const AlertCommit::Round& round);
  // Evaluates a rule and lets the composite monitors know that read it.
  void EvaluateAndTell(RuleRuntime& rule, Timestamp query_time, const AlertCommit::Round& round,
                       const rules::Group* group);
  void ForgetAlerts(RuleRuntime& rule, const AlertCommit::Round& round);
  absl::Status EvaluateRecord(RuleRuntime& rule, const QueryResult& result, Timestamp query_time,
                              size_t limit);
  absl::Status WriteAlertSeries(RuleRuntime& rule, Timestamp query_time);
  absl::StatusOr<std::vector<templates::QueryRow>> TemplateQuery(const RuleRuntime& rule,
                                                                 absl::string_view text,
                                                                 Timestamp query_time);
  absl::StatusOr<std::vector<templates::QueryRow>> LooseTemplateQuery(absl::string_view text,
                                                                      Timestamp query_time) const;
  // Applies what a rule wrote at once, for the rules after it; it goes to the log at the end of the
  // round. InvalidArgument if a rule wrote another value of one of the series before; that one
  // stays.
  absl::Status EmitWritten(const SampleBatch& batch);
  void SubmitWritten();
  void ApplySample(const SampleBatch& samples, size_t i);
  // See AlertCommit::MatchPages.
  void MatchPages(Timestamp now);
  AlertCommit::Round MakeRound(Timestamp now, Timestamp cause_committed) const;

  const ShardDependencies deps_;
  const ShardOptions options_;
  AlertCommit commit_;
  // For Prepare(), which others call.
  mutable Mutex running_mutex_;
  std::shared_ptr<const rules::RuleSet> running_ ABSL_GUARDED_BY(running_mutex_);
  std::unique_ptr<ShardPlan> plan_;  // null until Install or Resume

  // When the last EvaluateUpTo() ended.
  Timestamp followed_now_ = Timestamp::Min();
  absl::Duration followed_monotonic_;

  Timestamp hold_until_;
  Timestamp clock_written_;
  Timestamp trimmed_at_;
  bool commit_owed_ = false;
  bool pages_to_match_ = false;
  // By rules, in this round, and where in it by series and time.
  SampleBatch written_;
  absl::flat_hash_map<std::pair<SeriesRef, int64_t>, size_t> written_at_;
};

}  // namespace tocsin::engine
