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

// The monitor runs already, so its models go on.
bool Knows(const rules::RuleSet* running, const rules::Monitor& monitor) {
  if (running == nullptr) return false;
  return std::any_of(running->monitors.begin(), running->monitors.end(),
                     [&](const rules::Monitor& one) {
                       return one.anomaly != nullptr && one.name == monitor.name &&
                              one.query.text == monitor.query.text;
                     });
}

}  // namespace

absl::StatusOr<std::unique_ptr<ShardPlan>> Shard::Prepare(
    std::shared_ptr<const rules::RuleSet> rules, const Owns& owns, Timestamp now) const {
  std::shared_ptr<const rules::RuleSet> running;
  {
    MutexLock lock(running_mutex_);
    running = running_;
  }
  TOCSIN_ASSIGN_OR_RETURN(auto plan,
                          BuildShardPlan(deps_, options_, std::move(rules), owns, now, now));
  TOCSIN_RETURN_IF_ERROR(Learn(
      *plan, now, [&](const rules::Monitor& monitor) { return !Knows(running.get(), monitor); }));
  return plan;
}

absl::Status Shard::CatchUp(ShardPlan& plan) const {
  return plan.windows->LoadMore(deps_.log);
}

absl::Status Shard::Install(std::shared_ptr<const rules::RuleSet> rules, const Owns& owns,
                            Timestamp now) {
  TOCSIN_ASSIGN_OR_RETURN(auto plan, Prepare(std::move(rules), owns, now));
  TOCSIN_RETURN_IF_ERROR(CatchUp(*plan));
  Handover handover;
  HandOver(handover);
  TakeOver(std::move(plan), now, handover);
  Retire(handover, now);
  return absl::OkStatus();
}

absl::Status Shard::Resume(std::shared_ptr<const rules::RuleSet> rules, const Owns& owns,
                           Timestamp now, Resumed resumed) {
  TOCSIN_ASSIGN_OR_RETURN(auto plan, BuildShardPlan(deps_, options_, std::move(rules), owns,
                                                    std::min(now, resumed.evaluated), now));
  RecallWritten(*plan, resumed);
  RecallLastSeen(*plan, resumed);
  TOCSIN_RETURN_IF_ERROR(RecallModels(*plan, resumed, now));
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
  // At start the engine hands over only what this shard owns.
  Handover handover{std::move(resumed.alerts), {}, {}};
  TakeOver(std::move(plan), now, handover);
  Retire(handover, now);
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

void Shard::HandOver(Handover& handover) {
  if (plan_ == nullptr) return;
  ForEachRule(*plan_, [&](RuleRuntime& rule) {
    handover.writers.emplace(rule.id, std::move(rule.writer));
    if (rule.models != nullptr) {
      CountModels(rule, 0);
      handover.models.emplace(rule.id, std::move(rule.models));
    }
    if (rule.alerts == nullptr) return;
    auto& alerts = handover.alerts[rule.id];
    for (AlertInstance& alert : rule.alerts->TakeAll()) alerts.push_back(std::move(alert));
  });
}

void Shard::TakeOver(std::unique_ptr<ShardPlan> plan, Timestamp now, Handover& handover) {
  ForEachRule(*plan, [&](RuleRuntime& rule) {
    if (auto writer = handover.writers.extract(rule.id)) rule.writer.Continue(writer.mapped());
    if (rule.models != nullptr) {
      if (auto models = handover.models.extract(rule.id)) {
        rule.models->Continue(*models.mapped());
        DropModels(rule.id, *models.mapped());  // those of another query
      }
    }
    if (rule.alerts == nullptr) return;
    const auto alerts = handover.alerts.extract(rule.id);
    if (alerts.empty()) return;
    for (AlertInstance& alert : alerts.mapped()) {
      // Its clocks may have moved: written together with the clock record that ends the gap.
      commit_.Keep(rule.id, rule.alerts->Restore(std::move(alert)));
    }
  });
  TrimWindows(*plan, now);
  plan_ = std::move(plan);
  {
    MutexLock lock(running_mutex_);
    running_ = plan_->rules;
  }
  trimmed_at_ = now;
  pages_to_match_ = true;
  commit_owed_ = true;
}

void Shard::Retire(Handover& handover, Timestamp now) {
  const AlertCommit::Round round = MakeRound(now, Timestamp());
  for (auto& [rule_id, alerts] : handover.alerts) {
    for (AlertInstance& alert : alerts) {
      commit_.Retire(rule_id, std::move(alert), rules::Reason::kRuleRemoved, round);
    }
  }
  for (const auto& [rule_id, models] : handover.models) DropModels(rule_id, *models);
  for (auto& [rule_id, writer] : handover.writers) {
    writer.Begin(now.millis());
    const SampleBatch& markers = writer.Finish();
    for (size_t i = 0; i < markers.size(); ++i) {
      plan_->windows->Apply(markers.refs[i], markers.times_ms[i], markers.values[i]);
      written_.Add(markers.refs[i], markers.times_ms[i], markers.values[i]);
    }
  }
  handover = Handover();
  commit_owed_ = true;
}

absl::Status Shard::Flush(Timestamp now) {
  if (!commit_owed_) return absl::OkStatus();
  const absl::Status written = commit_.Commit({options_.number, now, hold_until_}, false);
  commit_owed_ = !written.ok();
  return written;
}

}  // namespace tocsin::engine
