#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/clock.h"
#include "base/labels.h"
#include "base/limits.h"
#include "engine/alerts/alert_commit.h"
#include "engine/alerts/alert_records.h"
#include "engine/committer.h"
#include "engine/evaluation_metrics.h"
#include "engine/monitor_triggers.h"
#include "engine/rule_runtime.h"
#include "engine/series_registry.h"
#include "engine/window_store.h"
#include "rules/rule.h"
#include "storage/outbox.h"
#include "storage/sample_log.h"
#include "storage/store.h"

namespace tocsin::engine {

struct ShardOptions {
  Labels external_labels;
  absl::Duration default_interval = absl::Seconds(15);  // of groups that name none
  absl::Duration coalesce =
      absl::Milliseconds(100);                  // monitors: at most one evaluation per this span
  absl::Duration time_step = absl::Seconds(1);  // and per this span when time alone is the cause
  absl::Duration clock_interval = absl::Seconds(1);  // how often "alive" is written
  Limits limits;
};

// Borrowed by a shard; all outlive it.
struct ShardDependencies {
  storage::Store& store;
  storage::Outbox& outbox;
  const storage::SampleLog& log;
  SeriesRegistry& registry;
  SampleSink& sink;  // where recorded series go, to be committed like any sample
  EvaluationMetrics& metrics;
  const Clock& clock;  // monotonic time only: what really passed
};

// What a restart brings along.
struct Resumed {
  AlertsByRule alerts;   // as they were at `evaluated`
  Timestamp evaluated;   // the last evaluation before the stop
  Timestamp hold_until;  // as in force then
};

// The rules of one share and everything they need: windows, operators, alerts. Steps 3 (apply) and
// 4 (evaluate and commit) of a sample's way.
//
// Passive, single-threaded, no lock; time comes as an argument, so the same shard serves live,
// replays and is simulated.
class Shard {
 public:
  Shard(ShardDependencies dependencies, ShardOptions options);
  ~Shard();

  using Owns = std::function<bool(const std::string& owner_key)>;

  // Replaces the rules; `owns` picks the shard's share. Windows are read from the log up to its
  // end; alerts of rules that stay are kept, pages of rules that are gone are closed. On error
  // nothing changed.
  absl::Status Install(std::shared_ptr<const rules::RuleSet> rules, const Owns& owns,
                       Timestamp now);
  // The same at start, with what is on disk: goes on where the last evaluation left off. The time
  // since then counts for nothing, and what is absent is held until data had the time to come back.
  absl::Status Resume(std::shared_ptr<const rules::RuleSet> rules, const Owns& owns, Timestamp now,
                      Resumed resumed);

  void Apply(const CommittedBatch& batch);

  // Evaluates everything that is due at `now` and commits the outcome. Errors (the commit failed)
  // are logged and counted already; the work is repeated by the next call.
  absl::Status EvaluateUpTo(Timestamp now);
  // When EvaluateUpTo() has to be called again if nothing arrives.
  Timestamp NextDue() const;

  const std::vector<GroupRuntime>& groups() const { return groups_; }
  const std::vector<MonitorRuntime>& monitors() const { return monitors_; }
  const std::shared_ptr<const rules::RuleSet>& rules() const { return rules_; }

  // Which share a group or monitor belongs to.
  static std::string OwnerKey(const rules::Group& group);
  static std::string OwnerKey(const rules::Monitor& monitor);

 private:
  struct Plan;  // everything Install builds before it replaces anything

  absl::Status BuildPlan(const Owns& owns, Timestamp now, Plan& plan);
  absl::StatusOr<std::unique_ptr<RuleRuntime>> BuildRule(const rules::Query& query,
                                                         const rules::TemplatedMap* labels,
                                                         const rules::TemplatedMap* annotations,
                                                         Plan& plan);
  absl::Status LoadWindows(Plan& plan, Timestamp since);
  // Fills in what is not written with every sample: the newest sample behind each row.
  static void RecallLastSeen(Plan& plan, Resumed& resumed);
  absl::Duration GapBefore(Timestamp now, const Resumed& resumed) const;
  void HoldAfter(absl::Duration gap, Timestamp now);
  // Notices when the wall clock was set (NTP, a machine that slept) instead of having moved on.
  void FollowClock(Timestamp now);
  void ClockStepped(absl::Duration step, Timestamp now);
  void MoveAlerts(Plan& plan, Timestamp now, AlertsByRule restored);
  void Swap(Plan plan, Owns owns, Timestamp now);

  void EvaluateGroup(GroupRuntime& group, Timestamp now);
  void EvaluateMonitor(MonitorRuntime& monitor, Timestamp now);
  absl::Status EvaluateRule(RuleRuntime& rule, Timestamp query_time, Timestamp now,
                            const rules::Group* group);
  absl::Status EvaluateAlerts(RuleRuntime& rule, const QueryResult& result, Timestamp query_time,
                              Timestamp now, bool monitor);
  absl::Status EvaluateRecord(RuleRuntime& rule, const QueryResult& result, Timestamp query_time);
  absl::Status WriteAlertSeries(RuleRuntime& rule, Timestamp query_time);
  // Applies what a rule wrote at once, for the rules after it; it goes to the log at the end of the
  // round.
  void EmitWritten(const SampleBatch& batch);
  void SubmitWritten();
  void ApplySample(SeriesRef ref, int64_t time_ms, double value);
  AlertCommit::Round MakeRound(Timestamp now) const;
  bool Holding(Timestamp now) const { return now < hold_until_; }

  const ShardDependencies deps_;
  const ShardOptions options_;
  AlertCommit commit_;

  std::shared_ptr<const rules::RuleSet> rules_;
  Owns owns_;
  std::unique_ptr<SeriesTable> table_;
  std::unique_ptr<QueryEngine> queries_;
  std::unique_ptr<WindowStore> windows_;
  std::unique_ptr<MonitorTriggers> triggers_;
  std::vector<GroupRuntime> groups_;
  std::vector<MonitorRuntime> monitors_;

  // At the last EvaluateUpTo().
  Timestamp followed_now_ = Timestamp::Min();
  absl::Duration followed_monotonic_;

  Timestamp newest_commit_;
  Timestamp hold_until_;
  Timestamp clock_written_;
  Timestamp trimmed_at_;
  bool commit_owed_ = false;  // the last commit failed
  SampleBatch written_;       // by rules, in this round
};

}  // namespace tocsin::engine
