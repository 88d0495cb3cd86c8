// How a shard takes over rules: at start from disk, later from the rules that ran before.
#include <algorithm>
#include <utility>

#include "base/status_macros.h"
#include "engine/shard.h"

namespace tocsin::engine {
namespace {

// What the outbox remembers may have been damaged: then the alert pages again if it still fires.
bool IsOwedOpen(const storage::Outbox& outbox, const std::string& alias) {
  const auto entry = outbox.Find(alias);
  return entry && entry->desired.open();
}

}  // namespace

absl::StatusOr<std::unique_ptr<ShardPlan>> Shard::Prepare(
    std::shared_ptr<const rules::RuleSet> rules, const Owns& owns, Timestamp now) const {
  return BuildShardPlan(deps_, options_, std::move(rules), owns, now, now);
}

absl::Status Shard::Install(std::unique_ptr<ShardPlan> plan, Timestamp now) {
  TOCSIN_RETURN_IF_ERROR(plan->windows->LoadMore(deps_.log));
  MoveAlerts(*plan, now, {});
  Swap(std::move(plan), now);
  return absl::OkStatus();
}

absl::Status Shard::Install(std::shared_ptr<const rules::RuleSet> rules, const Owns& owns,
                            Timestamp now) {
  TOCSIN_ASSIGN_OR_RETURN(auto plan, Prepare(std::move(rules), owns, now));
  return Install(std::move(plan), now);
}

absl::Status Shard::Resume(std::shared_ptr<const rules::RuleSet> rules, const Owns& owns,
                           Timestamp now, Resumed resumed) {
  TOCSIN_ASSIGN_OR_RETURN(auto plan, BuildShardPlan(deps_, options_, std::move(rules), owns,
                                                    std::min(now, resumed.evaluated), now));
  RecallWritten(*plan, resumed);
  RecallLastSeen(*plan, resumed);
  const absl::Duration gap = GapBefore(now, resumed);
  // What was left of an earlier hold goes on.
  if (resumed.hold_until > resumed.evaluated) hold_until_ = resumed.hold_until + gap;
  HoldAfter(absl::AbsDuration(gap), now);
  for (auto& [rule_id, alerts] : resumed.alerts) {
    for (AlertInstance& alert : alerts) {
      if (alert.page_open) alert.page_open = IsOwedOpen(deps_.outbox, alert.alias);
      if (gap < absl::ZeroDuration()) {
        alert.state = rules::AfterClockStep(alert.state, gap);
      } else {
        SkipGap(gap, alert);
      }
      if (auto* gauge = deps_.metrics.AlertsGauge(alert.state)) gauge->Increment();
    }
  }
  MoveAlerts(*plan, now, std::move(resumed.alerts));
  Swap(std::move(plan), now);
  return absl::OkStatus();
}

void Shard::RecallLastSeen(ShardPlan& plan, Resumed& resumed) {
  for (const MonitorRuntime& monitor : plan.monitors) {
    if (monitor.monitor->composite != nullptr) continue;  // no samples stand behind its rows
    const auto alerts = resumed.alerts.find(monitor.rule->id);
    if (alerts == resumed.alerts.end()) continue;
    const auto result = plan.queries->Evaluate(monitor.rule->query, resumed.evaluated);
    absl::flat_hash_map<absl::uint128, int64_t> newest;
    // A query that fails says so at its first evaluation.
    if (result.ok()) {
      const std::vector<int64_t>& inputs = plan.queries->NewestInputs(monitor.rule->query);
      result->frame->ForEach(
          [&](size_t row) { newest[(*result->labels)[row].Fingerprint()] = inputs[row]; });
    }
    for (AlertInstance& alert : alerts->second) {
      if (alert.absent) continue;  // what is on disk is exact
      const auto row = newest.find(alert.result_labels.Fingerprint());
      // A row that went between its last evaluation and the stop: not earlier than the stop.
      const bool known = row != newest.end() && row->second != INT64_MIN;
      const Timestamp seen = known ? Timestamp::FromMillis(row->second) : resumed.evaluated;
      alert.state.last_seen = std::max(alert.state.last_seen, seen);
    }
  }
}

void Shard::RecallWritten(ShardPlan& plan, const Resumed& resumed) {
  for (GroupRuntime& group : plan.groups) {
    const Timestamp slot = group.schedule.SlotAt(resumed.evaluated) -
                           group.group->query_offset.value_or(absl::ZeroDuration());
    for (auto& rule : group.rules) {
      if (rule->record == nullptr) {
        const auto alerts = resumed.alerts.find(rule->id);
        if (alerts == resumed.alerts.end()) continue;
        for (const AlertInstance& alert : alerts->second) {
          if (alert.state.phase == rules::AlertPhase::kOk) continue;
          rule->writer.Recall(AlertsSeries(alert));
          rule->writer.Recall(AlertsForStateSeries(alert));
        }
      } else if (const auto result = plan.queries->Evaluate(rule->query, slot); result.ok()) {
        if (result->frame->has_histograms()) continue;  // nothing was recorded
        result->frame->ForEach([&](size_t row) {
          rule->writer.Recall(RecordedSeries(*rule->record, (*result->labels)[row]));
        });
      }
    }
  }
}

// The clock record is up to clock_interval old when the service stops: a shorter gap may be none.
// Negative: the clock was set back meanwhile.
absl::Duration Shard::GapBefore(Timestamp now, const Resumed& resumed) const {
  const absl::Duration gap = now - resumed.evaluated;
  return absl::AbsDuration(gap) > options_.clock_interval ? gap : absl::ZeroDuration();
}

void Shard::MoveAlerts(ShardPlan& plan, Timestamp now, AlertsByRule restored) {
  if (plan_ != nullptr) {
    ForEachRule(*plan_, [&](RuleRuntime& rule) {
      if (rule.alerts == nullptr) return;
      auto& alerts = restored[rule.id];
      for (AlertInstance& alert : rule.alerts->TakeAll()) alerts.push_back(std::move(alert));
    });
  }
  ForEachRule(plan, [&](RuleRuntime& rule) {
    if (rule.alerts == nullptr) return;
    const auto alerts = restored.find(rule.id);
    if (alerts == restored.end()) return;
    for (AlertInstance& alert : alerts->second) {
      // Its clocks may have moved: written together with the clock record that ends the gap.
      commit_.Keep(rule.id, rule.alerts->Restore(std::move(alert)));
    }
    restored.erase(alerts);
  });
  // What is left belongs to rules that are gone. At start the engine hands over only what this
  // shard owns.
  AlertCommit::Round round;
  round.now = now;
  round.revision = &plan.rules->revision;
  round.external_labels = &options_.external_labels;
  for (auto& [rule_id, alerts] : restored) {
    for (AlertInstance& alert : alerts) {
      commit_.Retire(rule_id, std::move(alert), rules::Reason::kRuleRemoved, round);
    }
  }
  commit_owed_ = true;
}

void Shard::MoveWriters(ShardPlan& plan, Timestamp now) {
  if (plan_ == nullptr) return;
  absl::flat_hash_map<std::string, RuleRuntime*> before;
  ForEachRule(*plan_, [&](RuleRuntime& rule) { before[rule.id] = &rule; });
  ForEachRule(plan, [&](RuleRuntime& rule) {
    const auto same = before.find(rule.id);
    if (same == before.end()) return;
    rule.writer.Continue(same->second->writer);
    before.erase(same);
  });
  for (auto& [id, gone] : before) {
    gone->writer.Begin(now.millis());
    const SampleBatch& markers = gone->writer.Finish();
    for (size_t i = 0; i < markers.size(); ++i) {
      plan.windows->Apply(markers.refs[i], markers.times_ms[i], markers.values[i]);
      written_.Add(markers.refs[i], markers.times_ms[i], markers.values[i]);
    }
  }
}

void Shard::Swap(std::unique_ptr<ShardPlan> plan, Timestamp now) {
  MoveWriters(*plan, now);
  TrimWindows(*plan, now);
  plan_ = std::move(plan);
  trimmed_at_ = now;
  pages_to_match_ = true;
}

}  // namespace tocsin::engine
