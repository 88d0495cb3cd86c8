#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/clock.h"
#include "base/labels.h"
#include "base/limits.h"
#include "engine/committer.h"
#include "engine/evaluation_metrics.h"
#include "engine/evidence.h"
#include "engine/monitor_triggers.h"
#include "engine/query/query_engine.h"
#include "engine/query/series_table.h"
#include "engine/rule_runtime.h"
#include "engine/series_registry.h"
#include "engine/window_store.h"
#include "rules/rule.h"
#include "storage/outbox.h"
#include "storage/sample_log.h"
#include "storage/store.h"

namespace tocsin::engine {

struct ShardOptions {
  size_t number = 0;  // of this shard
  Labels external_labels;
  std::string external_url;  // what templates see as $externalURL
  // Of groups that name none, and the step of subqueries that name none, as in Prometheus.
  absl::Duration default_interval = absl::Seconds(15);
  absl::Duration lookback = absl::Minutes(5);  // how old the sample of an instant selector may be
  absl::Duration coalesce =
      absl::Milliseconds(100);                  // monitors: at most one evaluation per this span
  absl::Duration time_step = absl::Seconds(1);  // and per this span when time alone is the cause
  absl::Duration clock_interval = absl::Seconds(1);  // how often "alive" is written
  Limits limits;
  const EvidenceSource* evidence = nullptr;  // for pages; outlives the shard. Null: none

  // Time that the caller makes up, as tests of rules do: it may jump without anything having been
  // down, and all groups are evaluated together, in the order of the rule set, at `first` and every
  // `interval` after it, whatever interval they name. Absent: live.
  struct Lockstep {
    Timestamp first;
    absl::Duration interval;
  };
  std::optional<Lockstep> lockstep;
};

// How a shard's queries are to be understood.
QueryOptions MakeQueryOptions(const ShardOptions& options);

// Borrowed by a shard; all outlive it.
struct ShardDependencies {
  storage::Store& store;
  storage::Outbox& outbox;
  const storage::SampleLog& log;
  SeriesRegistry& registry;
  SampleSink& sink;  // where recorded series go, to be committed like any sample
  const InputHealth& input;
  EvaluationMetrics& metrics;
  const Clock& clock;  // monotonic time only: what really passed
};

// Which groups and monitors are a shard's, by their OwnerKey().
using Owns = std::function<bool(const std::string& owner_key)>;
std::string OwnerKey(const rules::Group& group);
std::string OwnerKey(const rules::Monitor& monitor);

// A rule set as one shard runs it: queries, windows, schedules, alerts. Built aside, so that a rule
// set that cannot run changes nothing and evaluation goes on meanwhile; then it replaces the
// shard's.
//
// Users are declared after what they use.
struct ShardPlan {
  std::shared_ptr<const rules::RuleSet> rules;
  Owns owns;
  std::unique_ptr<SeriesTable> table;
  std::unique_ptr<QueryEngine> queries;
  std::unique_ptr<MonitorTriggers> triggers;
  std::unique_ptr<WindowStore> windows;
  std::vector<GroupRuntime> groups;
  std::vector<MonitorRuntime> monitors;
  absl::Duration
      query_offset_max;  // of the groups: how far in the past their queries are evaluated
};

// Drops samples, and series, that no evaluation after `now` can see.
void TrimWindows(ShardPlan& plan, Timestamp now);

// Builds a plan with windows as they are at `windows_at` and schedules that start at `now`. Any
// thread. Errors: InvalidArgument, Unimplemented (a rule cannot run), what the log says.
absl::StatusOr<std::unique_ptr<ShardPlan>> BuildShardPlan(
    const ShardDependencies& deps, const ShardOptions& options,
    std::shared_ptr<const rules::RuleSet> rules, Owns owns, Timestamp windows_at, Timestamp now);

// Calls fn(RuleRuntime&) for all rules and monitors of a plan.
template <typename Fn>
void ForEachRule(ShardPlan& plan, Fn&& fn) {
  for (GroupRuntime& group : plan.groups) {
    for (auto& rule : group.rules) fn(*rule);
  }
  for (MonitorRuntime& monitor : plan.monitors) fn(*monitor.rule);
}

}  // namespace tocsin::engine
