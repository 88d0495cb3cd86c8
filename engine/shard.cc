#include "engine/shard.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status_macros.h"

namespace tocsin::engine {

Shard::Shard(ShardDependencies dependencies, ShardOptions options)
    : deps_(dependencies),
      options_(std::move(options)),
      commit_(dependencies.store, dependencies.outbox, dependencies.metrics) {}

Shard::~Shard() = default;

void Shard::ApplySample(SeriesRef ref, int64_t time_ms, double value) {
  const auto applied = windows_->Apply(ref, time_ms, value);
  if (!applied) return;
  switch (applied->result) {
    case AppendResult::kAppended:
      break;
    case AppendResult::kInserted:
      deps_.metrics.late_samples.Increment();
      break;
    case AppendResult::kDuplicate:
      deps_.metrics.duplicate_samples.Increment();
      return;
    case AppendResult::kTooOld:
      deps_.metrics.too_old_samples.Increment();
      return;
  }
  triggers_->Touch(applied->slot);
}

void Shard::Apply(const CommittedBatch& batch) {
  newest_commit_ = std::max(newest_commit_, batch.committed);
  if (windows_ == nullptr) return;
  for (const storage::NewSeries& series : batch.new_series) {
    windows_->Introduce(series.ref, series.labels);
  }
  const SampleBatch& samples = batch.samples;
  for (size_t i = 0; i < samples.size(); ++i) {
    ApplySample(samples.refs[i], samples.times_ms[i], samples.values[i]);
  }
  for (uint32_t monitor : triggers_->TakeTouched()) monitors_[monitor].touched = true;
}

AlertCommit::Round Shard::MakeRound(Timestamp now) const {
  AlertCommit::Round round;
  round.now = now;
  round.newest_commit = newest_commit_;
  if (rules_ != nullptr) round.revision = &rules_->revision;
  round.external_labels = &options_.external_labels;
  return round;
}

void Shard::FollowClock(Timestamp now) {
  constexpr absl::Duration kStepMin = absl::Seconds(5);
  const absl::Duration monotonic = deps_.clock.Monotonic();
  if (followed_now_ != Timestamp::Min()) {
    const absl::Duration step = (now - followed_now_) - (monotonic - followed_monotonic_);
    if (absl::AbsDuration(step) >= kStepMin) ClockStepped(step, now);
  }
  followed_now_ = now;
  followed_monotonic_ = monotonic;
}

// What alerts remember was told by the old clock and is translated. Samples keep their dates, so
// what is absent by the new clock is held until samples dated by it had the time to come.
void Shard::ClockStepped(absl::Duration step, Timestamp now) {
  deps_.metrics.clock_steps.Increment();
  Log(LogLevel::kWarning, "the clock was set", {{"seconds", absl::ToDoubleSeconds(step)}});
  const auto move = [&](RuleRuntime& rule) {
    if (rule.alerts == nullptr) return;
    rule.alerts->ForEach([&](AlertInstance& alert) {
      alert.state = rules::AfterClockStep(alert.state, step);
      commit_.Keep(rule.alerts->rule_id(), alert);
      commit_owed_ = true;
    });
  };
  for (GroupRuntime& group : groups_) {
    group.schedule.Start(now);
    for (auto& rule : group.rules) move(*rule);
  }
  for (MonitorRuntime& monitor : monitors_) {
    move(*monitor.rule);
    monitor.evaluated_at = monitor.evaluated_at + step;
    monitor.due_by_time = now;
  }
  if (hold_until_ != Timestamp()) hold_until_ = hold_until_ + step;
  HoldAfter(absl::AbsDuration(step), now);
  clock_written_ = trimmed_at_ = Timestamp();
  if (step > absl::ZeroDuration()) return;
  // Windows have dropped what is old by the old clock, and with it the place of what comes now.
  const absl::Status installed = Install(rules_, owns_, now);
  if (!installed.ok()) {
    Log(LogLevel::kError, "windows could not be read again", {{"error", installed.ToString()}});
  }
}

absl::Status Shard::EvaluateUpTo(Timestamp now) {
  if (rules_ == nullptr) return absl::OkStatus();
  FollowClock(now);
  const absl::Duration begin = deps_.clock.Monotonic();
  size_t evaluated = 0;
  for (GroupRuntime& group : groups_) {
    if (now < group.schedule.next()) continue;
    EvaluateGroup(group, now);
    ++evaluated;
  }
  for (MonitorRuntime& monitor : monitors_) {
    const bool by_data = monitor.touched && now - monitor.evaluated_at >= options_.coalesce;
    if (!by_data && now < monitor.due_by_time) continue;
    EvaluateMonitor(monitor, now);
    ++evaluated;
  }
  SubmitWritten();
  const bool clock_due = now - clock_written_ >= options_.clock_interval;
  if (evaluated == 0 && !clock_due && !commit_owed_) return absl::OkStatus();
  const absl::Status committed = commit_.Commit(now, hold_until_, clock_due);
  commit_owed_ = !committed.ok();
  if (clock_due) clock_written_ = now;
  if (now - trimmed_at_ >= absl::Seconds(10)) {
    queries_->Trim(now);
    trimmed_at_ = now;
  }
  if (evaluated > 0) {
    deps_.metrics.duration_seconds.Observe(absl::ToDoubleSeconds(deps_.clock.Monotonic() - begin));
  }
  return committed;
}

Timestamp Shard::NextDue() const {
  if (rules_ == nullptr) return Timestamp::Max();
  Timestamp next = clock_written_ + options_.clock_interval;
  for (const GroupRuntime& group : groups_) next = std::min(next, group.schedule.next());
  for (const MonitorRuntime& monitor : monitors_) {
    next = std::min(next, monitor.due_by_time);
    if (monitor.touched) next = std::min(next, monitor.evaluated_at + options_.coalesce);
  }
  return next;
}

void Shard::EvaluateGroup(GroupRuntime& group, Timestamp now) {
  const GroupSchedule::Due due = group.schedule.Take(now);
  deps_.metrics.missed.Increment(static_cast<double>(due.missed));
  deps_.metrics.lag_seconds.Set(absl::ToDoubleSeconds(now - due.slot));
  const absl::Duration begin = deps_.clock.Monotonic();
  const absl::Duration offset = group.group->query_offset.value_or(absl::ZeroDuration());
  for (auto& rule : group.rules) {
    const absl::Status status = EvaluateRule(*rule, due.slot - offset, due.slot, group.group);
    rule->health.error = std::string(status.message());
  }
  group.health.evaluated_at = due.slot;
  group.health.took = deps_.clock.Monotonic() - begin;
}

void Shard::EvaluateMonitor(MonitorRuntime& monitor, Timestamp now) {
  const absl::Status status = EvaluateRule(*monitor.rule, now, now, nullptr);
  monitor.rule->health.error = std::string(status.message());
  monitor.touched = false;
  monitor.evaluated_at = now;
  const Timestamp change = queries_->NextChange(monitor.rule->query, now);
  const Timestamp by_query =
      change == Timestamp::Max() ? change : std::max(change, now + options_.time_step);
  Timestamp due = std::min(by_query, monitor.rule->alerts->NextDeadline());
  if (Holding(now)) due = std::min(due, hold_until_);
  // A deadline that a step did not act on must not spin.
  monitor.due_by_time = std::max(due, now + absl::Milliseconds(1));
}

absl::Status Shard::EvaluateRule(RuleRuntime& rule, Timestamp query_time, Timestamp now,
                                 const rules::Group* group) {
  const absl::Duration begin = deps_.clock.Monotonic();
  deps_.metrics.evaluations.Increment();
  const auto result = queries_->Evaluate(rule.query, query_time);
  absl::Status status = result.status();
  if (status.ok()) {
    rule.health.warnings = result->warnings ? *result->warnings : std::vector<std::string>();
    status = rule.record != nullptr
                 ? EvaluateRecord(rule, *result, query_time)
                 : EvaluateAlerts(rule, *result, query_time, now, group == nullptr);
  }
  rule.health.evaluated_at = now;
  rule.health.took = deps_.clock.Monotonic() - begin;
  if (status.ok()) return status;
  deps_.metrics.failures.Increment();
  // Once per change of the error, not once per evaluation.
  if (rule.health.error != status.message()) {
    Log(LogLevel::kWarning, "rule evaluation failed",
        {{"rule", rule.record != nullptr ? rule.record->name : rule.alerts->rule_id()},
         {"error", std::string(status.message())}});
  }
  return status;
}

absl::Status Shard::EvaluateAlerts(RuleRuntime& rule, const QueryResult& result,
                                   Timestamp query_time, Timestamp now, bool monitor) {
  AlertEvaluation evaluation;
  evaluation.result = &result;
  if (monitor) evaluation.newest_inputs_ms = &queries_->NewestInputs(rule.query);
  evaluation.now = now;
  evaluation.hold = Holding(now);
  evaluation.external_labels = &options_.external_labels;
  // At the same time as the rule's own query, whose frame therefore stays as it is.
  evaluation.query =
      [this, &rule,
       query_time](absl::string_view text) -> absl::StatusOr<std::vector<templates::QueryRow>> {
    for (const auto& [known, query] : rule.template_queries) {
      if (known != text) continue;
      TOCSIN_ASSIGN_OR_RETURN(const QueryResult rows, queries_->Evaluate(query, query_time));
      std::vector<templates::QueryRow> out;
      rows.frame->ForEach([&](size_t row) {
        out.push_back({(*rows.labels)[row], rows.frame->value(row)});
      });
      return out;
    }
    return absl::UnimplementedError("query with a text that is not constant");
  };
  TOCSIN_ASSIGN_OR_RETURN(auto changes, rule.alerts->Evaluate(evaluation));
  commit_.Add(*rule.alerts, std::move(changes), MakeRound(now));
  return monitor ? absl::OkStatus() : WriteAlertSeries(rule, query_time);
}

absl::Status Shard::WriteAlertSeries(RuleRuntime& rule, Timestamp query_time) {
  rule.writer.Begin(query_time.millis());
  absl::Status status;
  rule.alerts->ForEach([&](const AlertInstance& alert) {
    if (alert.state.phase == rules::AlertPhase::kOk || !status.ok()) return;
    LabelsBuilder labels(alert.labels);
    labels.Set(kMetricName, "ALERTS_FOR_STATE");
    status =
        rule.writer.Write(labels.Build(), alert.state.active_at.value_or(query_time).seconds());
    const bool pending = alert.state.phase == rules::AlertPhase::kPending;
    labels.Set(kMetricName, "ALERTS").Set("alertstate", pending ? "pending" : "firing");
    if (status.ok()) status = rule.writer.Write(labels.Build(), 1);
  });
  EmitWritten(rule.writer.Finish());
  return status;
}

absl::Status Shard::EvaluateRecord(RuleRuntime& rule, const QueryResult& result,
                                   Timestamp query_time) {
  rule.writer.Begin(query_time.millis());
  absl::Status status;
  absl::flat_hash_set<absl::uint128> seen;
  result.frame->ForEach([&](size_t row) {
    if (!status.ok()) return;
    LabelsBuilder labels((*result.labels)[row]);
    labels.Set(kMetricName, rule.record->name);
    for (const auto& [name, value] : rule.record->labels) labels.Set(name, value);
    const Labels recorded = labels.Build();
    if (!seen.insert(recorded.Fingerprint()).second) {
      status = absl::InvalidArgumentError(
          "vector contains metrics with the same labelset after applying rule labels");
      return;
    }
    status = rule.writer.Write(recorded, result.frame->value(row));
  });
  if (!status.ok()) return status;
  EmitWritten(rule.writer.Finish());
  return absl::OkStatus();
}

void Shard::EmitWritten(const SampleBatch& batch) {
  for (size_t i = 0; i < batch.size(); ++i) {
    ApplySample(batch.refs[i], batch.times_ms[i], batch.values[i]);
    written_.Add(batch.refs[i], batch.times_ms[i], batch.values[i]);
  }
}

void Shard::SubmitWritten() {
  if (written_.empty()) return;
  deps_.sink.Submit(std::exchange(written_, {}), [](const absl::Status& status) {
    if (!status.ok()) {
      Log(LogLevel::kWarning, "recorded samples were not committed",
          {{"error", std::string(status.message())}});
    }
  });
}

}  // namespace tocsin::engine
