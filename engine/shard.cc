#include "engine/shard.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "engine/adhoc_query.h"
#include "engine/alerts/template_evidence.h"
#include "rules/promql/parser.h"

namespace tocsin::engine {
namespace {

absl::Status CheckTemplateResult(promql::ValueType type) {
  if (type == promql::ValueType::kScalar || type == promql::ValueType::kVector) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError("query result is not a vector or scalar");
}

// Bit by bit.
bool SameValue(const SampleBatch& a, size_t i, const SampleBatch& b, size_t k) {
  if (a.histogram(i) != nullptr && b.histogram(k) != nullptr) {
    return SameHistogram(*a.histogram(i), *b.histogram(k));
  }
  return std::bit_cast<uint64_t>(a.values[i]) == std::bit_cast<uint64_t>(b.values[k]);
}

// From one evaluation for data to the next: five times as long as the last one took, so that no
// monitor has more than a fifth of its shard and the others wait for it no longer.
absl::Duration RestOf(const MonitorRuntime& monitor, absl::Duration coalesce) {
  return std::max(coalesce, 5 * monitor.rule->health.took);
}

}  // namespace

Shard::Shard(ShardDependencies dependencies, ShardOptions options)
    : deps_(dependencies),
      options_(std::move(options)),
      commit_(dependencies.store, dependencies.outbox, dependencies.metrics,
              EvidenceWriter(options_.evidence, MakeQueryOptions(options_))) {}

Shard::~Shard() = default;

void Shard::ApplySample(const SampleBatch& samples, size_t i) {
  const auto applied = plan_->windows->Apply(samples, i);
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
  plan_->triggers->Touch(applied->slot);
}

void Shard::Apply(const CommittedBatch& batch) {
  if (plan_ == nullptr) return;
  for (const storage::NewSeries& series : batch.new_series) {
    plan_->windows->Introduce(series.ref, series.labels);
  }
  const SampleBatch& samples = batch.samples;
  for (size_t i = 0; i < samples.size(); ++i) ApplySample(samples, i);
  for (uint32_t number : plan_->triggers->TakeTouched()) {
    MonitorRuntime& monitor = plan_->monitors[number];
    monitor.touched = true;
    if (monitor.first_commit == Timestamp()) monitor.first_commit = batch.committed;
  }
  for (GroupRuntime& group : plan_->groups) {
    if (group.first_commit == Timestamp()) group.first_commit = batch.committed;
  }
  for (MonitorRuntime& monitor : plan_->monitors) {
    if (monitor.schedule && monitor.first_commit == Timestamp()) {
      monitor.first_commit = batch.committed;
    }
  }
}

AlertCommit::Round Shard::MakeRound(Timestamp now, Timestamp cause_committed) const {
  AlertCommit::Round round;
  round.now = now;
  round.cause_committed = cause_committed;
  round.revision = &plan_->rules->revision;
  round.external_labels = &options_.external_labels;
  return round;
}

absl::Status Shard::EvaluateUpTo(Timestamp now) {
  if (plan_ == nullptr) return absl::OkStatus();
  FollowClock(now);
  HoldWithoutInput(now);
  const absl::Duration begin = deps_.clock.Monotonic();
  size_t evaluated = 0;
  for (GroupRuntime& group : plan_->groups) {
    if (now < group.schedule.next()) continue;
    EvaluateGroup(group, now);
    ++evaluated;
  }
  for (MonitorRuntime& monitor : plan_->monitors) {
    if (monitor.schedule) {
      if (now < monitor.schedule->next() && !monitor.rule->deferred) continue;
      EvaluateAnomaly(monitor, now);
      ++evaluated;
      continue;
    }
    // The clock may have been set back, by less than is noticed.
    // A composite monitor comes after its members and rests as long as they do.
    const bool rested =
        monitor.monitor->composite != nullptr ||
        absl::AbsDuration(now - monitor.evaluated_at) >= RestOf(monitor, options_.coalesce);
    const bool by_data = monitor.touched && rested;
    if (!by_data && now < monitor.due_by_time) continue;
    EvaluateMonitor(monitor, now);
    ++evaluated;
  }
  MatchPages(now);
  SubmitWritten();
  absl::Status committed;
  const bool clock_due = now - clock_written_ >= options_.clock_interval;
  if (evaluated > 0 || clock_due || commit_owed_) {
    committed = commit_.Commit({options_.number, now, hold_until_}, clock_due);
    commit_owed_ = !committed.ok();
    if (clock_due) clock_written_ = now;
  }
  if (now - trimmed_at_ >= absl::Seconds(10)) {
    TrimWindows(*plan_, now);
    trimmed_at_ = now;
  }
  if (evaluated > 0) {
    deps_.metrics.duration_seconds.Observe(absl::ToDoubleSeconds(deps_.clock.Monotonic() - begin));
  }
  RememberClock(now);
  return committed;
}

Timestamp Shard::NextDue() const {
  if (plan_ == nullptr) return Timestamp::Max();
  Timestamp next = clock_written_ + options_.clock_interval;
  for (const GroupRuntime& group : plan_->groups) next = std::min(next, group.schedule.next());
  for (const MonitorRuntime& monitor : plan_->monitors) {
    if (monitor.schedule) {
      next = std::min(next, monitor.schedule->next());
      continue;
    }
    next = std::min(next, monitor.due_by_time);
    if (monitor.touched) {
      next = std::min(next, monitor.evaluated_at + RestOf(monitor, options_.coalesce));
    }
  }
  return next;
}

absl::Duration Shard::Lag(Timestamp now) const {
  absl::Duration lag;
  if (plan_ == nullptr) return lag;
  for (const GroupRuntime& group : plan_->groups) {
    lag = std::max(lag, now - group.schedule.next());
  }
  return lag;
}

void Shard::MatchPages(Timestamp now) {
  if (!pages_to_match_) return;
  bool all = true;
  ForEachRule(*plan_, [&](RuleRuntime& rule) {
    if (rule.alerts == nullptr) return;
    all = commit_.MatchPages(*rule.alerts, MakeAlertEvaluation(rule, now, now),
                             MakeRound(now, Timestamp())) &&
          all;
  });
  pages_to_match_ = !all;
  commit_owed_ = true;
}

void Shard::EvaluateGroup(GroupRuntime& group, Timestamp now) {
  const GroupSchedule::Due due = group.schedule.Take(now);
  deps_.metrics.missed.Increment(static_cast<double>(due.missed));
  const absl::Duration begin = deps_.clock.Monotonic();
  const absl::Duration offset = group.group->query_offset.value_or(absl::ZeroDuration());
  const AlertCommit::Round round =
      MakeRound(due.slot, std::exchange(group.first_commit, Timestamp()));
  for (auto& rule : group.rules) {
    EvaluateAndTell(*rule, due.slot - offset, round, group.group);
  }
  group.health.evaluated_at = due.slot;
  group.health.took = deps_.clock.Monotonic() - begin;
}

void Shard::EvaluateMonitor(MonitorRuntime& monitor, Timestamp now) {
  const AlertCommit::Round round = MakeRound(now, std::exchange(monitor.first_commit, Timestamp()));
  EvaluateAndTell(*monitor.rule, now, round, nullptr);
  monitor.touched = false;
  monitor.evaluated_at = now;
  if (RestOf(monitor, options_.coalesce) > options_.coalesce) deps_.metrics.rested.Increment();
  const bool composite = monitor.monitor->composite != nullptr;
  const Timestamp change =
      composite ? Timestamp::Max() : plan_->queries->NextChange(monitor.rule->query, now);
  const Timestamp by_query =
      change == Timestamp::Max() ? change : std::max(change, now + options_.time_step);
  Timestamp due = std::min(by_query, monitor.rule->alerts->NextDeadline());
  if (Holding(now)) due = std::min(due, hold_until_);
  if (monitor.rule->deferred) due = now;
  // A deadline on which nothing could be done (the alert is held, the outbox is full) comes again,
  // but must not spin.
  monitor.due_by_time = due > now ? due : now + options_.time_step;
}

absl::Status Shard::EvaluateRule(RuleRuntime& rule, Timestamp query_time,
                                 const AlertCommit::Round& round, const rules::Group* group) {
  const absl::Duration begin = deps_.clock.Monotonic();
  deps_.metrics.evaluations.Increment();
  const absl::Status status = RunRule(rule, query_time, round, group);
  rule.health.evaluated_at = round.now;
  rule.health.took = deps_.clock.Monotonic() - begin;
  if (status.ok()) return status;
  deps_.metrics.failures.Increment();
  // Once per change of the error, not once per evaluation.
  if (rule.health.error != status.message()) {
    Log(LogLevel::kWarning, "rule evaluation failed",
        {{"rule", rule.record != nullptr ? rule.record->name : rule.id},
         {"error", std::string(status.message())}});
  }
  return status;
}

absl::Status Shard::RunRule(RuleRuntime& rule, Timestamp query_time,
                            const AlertCommit::Round& round, const rules::Group* group) {
  if (!rule.members.empty()) return EvaluateComposite(rule, round);
  TOCSIN_ASSIGN_OR_RETURN(const QueryResult result,
                          plan_->queries->Evaluate(rule.query, query_time));
  rule.health.warnings = result.warnings ? *result.warnings : std::vector<std::string>();
  if (rule.record != nullptr) return EvaluateRecord(rule, result, query_time, group->limit);
  const bool monitor = group == nullptr;
  absl::Status written;  // its alerts do not wait for room for series
  if (rule.models != nullptr) written = EvaluateModels(rule, result, query_time);
  AlertEvaluation evaluation = MakeAlertEvaluation(rule, query_time, round.now);
  evaluation.result = &result;
  if (monitor) evaluation.newest_inputs_ms = &plan_->queries->NewestInputs(rule.query);
  TOCSIN_RETURN_IF_ERROR(EvaluateAlerts(rule, evaluation, query_time, round, monitor));
  return written;
}

absl::StatusOr<std::vector<templates::QueryRow>> Shard::TemplateQuery(const RuleRuntime& rule,
                                                                      absl::string_view text,
                                                                      Timestamp query_time) {
  for (const auto& [known, query] : rule.template_queries) {
    if (known != text) continue;
    TOCSIN_ASSIGN_OR_RETURN(const QueryResult rows, plan_->queries->Evaluate(query, query_time));
    TOCSIN_RETURN_IF_ERROR(CheckTemplateResult(rows.type));
    std::vector<templates::QueryRow> out;
    const auto add = [&](size_t row) {
      out.push_back({(*rows.labels)[row], rows.frame->value(row)});
    };
    if (rows.order != nullptr) {
      std::for_each(rows.order->begin(), rows.order->end(), add);
    } else {
      rows.frame->ForEach(add);
    }
    return out;
  }
  return LooseTemplateQuery(text, query_time);
}

// A text that the template put together: nothing is kept for it, so the log is asked.
absl::StatusOr<std::vector<templates::QueryRow>> Shard::LooseTemplateQuery(
    absl::string_view text, Timestamp query_time) const {
  // Evaluation waits for it.
  constexpr uint64_t kSamplesMax = 2'000'000;
  constexpr absl::Duration kTimeMax = absl::Seconds(1);
  const promql::ParseResult parsed = promql::ParseExpr(text);
  if (parsed.error) {
    return absl::InvalidArgumentError(promql::FormatParseError(text, *parsed.error));
  }
  AdhocLimits limits;
  limits.samples_max = std::min(options_.limits.query_samples_max, kSamplesMax);
  limits.late = absl::Milliseconds(options_.limits.past_ms_max);
  limits.ahead = absl::Milliseconds(options_.limits.future_ms_max);
  limits.expired = [&clock = deps_.clock, end = deps_.clock.Monotonic() + kTimeMax] {
    return clock.Monotonic() > end;
  };
  TOCSIN_ASSIGN_OR_RETURN(
      const AdhocResult result,
      RunAdhocQuery(*parsed.expr, {.at = query_time, .now = query_time}, deps_.registry, deps_.log,
                    limits, MakeQueryOptions(options_)));
  TOCSIN_RETURN_IF_ERROR(CheckTemplateResult(result.type));
  if (result.type == promql::ValueType::kScalar) {
    return std::vector<templates::QueryRow>{{Labels(), result.scalar}};
  }
  std::vector<templates::QueryRow> rows;
  for (const auto& [labels, value] : result.rows) rows.push_back({labels, value});
  return rows;
}

AlertEvaluation Shard::MakeAlertEvaluation(const RuleRuntime& rule, Timestamp query_time,
                                           Timestamp now) {
  AlertEvaluation evaluation;
  evaluation.now = now;
  evaluation.hold = Holding(now);
  evaluation.external_labels = &options_.external_labels;
  evaluation.external_url = options_.external_url;
  // At the same time as the rule's own query, whose frame therefore stays as it is.
  evaluation.query = [this, &rule, query_time](absl::string_view text) {
    return TemplateQuery(rule, text, query_time);
  };
  evaluation.evidence = [this](const AlertInstance& alert) {
    const auto owed = alert.page_open ? deps_.outbox.Find(alert.alias) : std::nullopt;
    return owed ? TemplateEvidence(owed->desired) : templates::Evidence();
  };
  return evaluation;
}

absl::Status Shard::EvaluateAlerts(RuleRuntime& rule, const AlertEvaluation& evaluation,
                                   Timestamp query_time, const AlertCommit::Round& round,
                                   bool monitor) {
  auto changes = rule.alerts->Evaluate(evaluation);
  if (absl::IsResourceExhausted(changes.status())) ForgetAlerts(rule, round);
  TOCSIN_RETURN_IF_ERROR(changes.status());
  rule.changed = !changes->empty();
  rule.deferred = commit_.Add(*rule.alerts, *std::move(changes), evaluation, round) > 0;
  if (!monitor) TOCSIN_RETURN_IF_ERROR(WriteAlertSeries(rule, query_time));
  const size_t left_out = rule.alerts->left_out();
  if (left_out == 0) return absl::OkStatus();
  deps_.metrics.alerts_left_out.Increment(static_cast<double>(left_out));
  return absl::ResourceExhaustedError(
      absl::StrCat(left_out, " rows found no room: alerts_per_rule_max (",
                   options_.limits.alerts_per_rule_max, ") is reached"));
}

// As in Prometheus, where the alerts of a rule beyond the group's limit are dropped. Its receivers
// let them time out; ours are told.
void Shard::ForgetAlerts(RuleRuntime& rule, const AlertCommit::Round& round) {
  for (AlertInstance& alert : rule.alerts->TakeAll()) {
    commit_.Retire(rule.id, std::move(alert), rules::Reason::kLimitExceeded, round);
  }
}

absl::Status Shard::WriteAlertSeries(RuleRuntime& rule, Timestamp query_time) {
  rule.writer.Begin(query_time.millis());
  absl::Status refused;
  const auto write = [&](const Labels& labels, double value) {
    refused.Update(rule.writer.Write(labels, value).status());
  };
  rule.alerts->ForEach([&](const AlertInstance& alert) {
    if (alert.state.phase == rules::AlertPhase::kOk) return;
    write(AlertsForStateSeries(alert), alert.state.active_at.value_or(query_time).seconds());
    write(AlertsSeries(alert), 1);
  });
  refused.Update(EmitWritten(rule.writer.Finish()));
  return refused;
}

// A series that is refused (series_max) leaves the others as they are.
absl::Status Shard::EvaluateRecord(RuleRuntime& rule, const QueryResult& result,
                                   Timestamp query_time, size_t limit) {
  const size_t rows = result.frame->CountPresent();
  if (limit > 0 && rows > limit) {
    return absl::ResourceExhaustedError(
        absl::StrCat("exceeded limit of ", limit, " with ", rows, " series"));
  }
  TOCSIN_RETURN_IF_ERROR(rule.recorded.Follow(*rule.record, result));
  rule.writer.Begin(query_time.millis());
  absl::Status refused = rule.recorded.Write(*rule.record, result, rule.writer);
  refused.Update(EmitWritten(rule.writer.Finish()));
  return refused;
}

// A series has one sample at a time: the first one stays, as in Prometheus. Markers that come
// second are no error, since the series goes on in another rule.
absl::Status Shard::EmitWritten(const SampleBatch& batch) {
  absl::Status duplicate;
  for (size_t i = 0; i < batch.size(); ++i) {
    const auto [known, fresh] =
        written_at_.try_emplace(std::pair(batch.refs[i], batch.times_ms[i]), written_.size());
    if (!fresh) {
      if (!IsStaleMarker(batch.values[i]) && !SameValue(written_, known->second, batch, i)) {
        duplicate = absl::InvalidArgumentError("duplicate sample for timestamp");
      }
      continue;
    }
    ApplySample(batch, i);
    if (batch.histogram(i) != nullptr) {
      written_.Add(batch.refs[i], batch.times_ms[i], batch.histograms[i]);
    } else {
      written_.Add(batch.refs[i], batch.times_ms[i], batch.values[i]);
    }
  }
  return duplicate;
}

void Shard::SubmitWritten() {
  written_at_.clear();
  if (written_.empty()) return;
  deps_.sink.Submit(std::exchange(written_, {}), [](const absl::Status& status) {
    if (!status.ok()) {
      Log(LogLevel::kWarning, "recorded samples were not committed",
          {{"error", std::string(status.message())}});
    }
  });
}

}  // namespace tocsin::engine
