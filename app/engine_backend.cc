#include "app/engine_backend.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "rules/composite.h"
#include "rules/promql/parser.h"
#include "rules/promql/printer.h"

namespace tocsin::app {
namespace {

using engine::AlertInstance;
using engine::RuleRuntime;

bool Active(const AlertInstance& alert) {
  return alert.state.phase != rules::AlertPhase::kOk;
}

http::AlertStatus Status(const AlertInstance& alert, bool monitor) {
  http::AlertStatus status;
  LabelsBuilder labels(alert.labels);
  if (monitor) {
    const bool pending = alert.state.phase == rules::AlertPhase::kPending;
    labels.Set("severity",
               rules::LevelName(pending ? alert.state.pending_level : alert.state.level));
  }
  status.labels = labels.Build();
  status.annotations = {alert.annotations.begin(), alert.annotations.end()};
  status.state = alert.state.phase == rules::AlertPhase::kPending ? "pending" : "firing";
  status.active_at = alert.state.active_at;
  status.keep_firing_since = alert.state.keep_firing_since;
  status.value = alert.state.value;
  if (alert.state.phase == rules::AlertPhase::kNoData) status.reason = "no_data";
  return status;
}

std::vector<std::pair<std::string, std::string>> Texts(const rules::TemplatedMap& map) {
  std::vector<std::pair<std::string, std::string>> texts;
  for (const auto& [name, text] : map) texts.emplace_back(name, text.text);
  return texts;
}

void FillHealth(const RuleRuntime& runtime, http::RuleStatus& rule) {
  if (runtime.health.evaluated_at == Timestamp()) return;
  rule.health = runtime.health.error.empty() ? "ok" : "err";
  rule.last_error = runtime.health.error;
  rule.evaluation_time = runtime.health.took;
  rule.last_evaluation = runtime.health.evaluated_at;
}

void FillAlerts(const RuleRuntime& runtime, bool monitor, http::RuleStatus& rule) {
  runtime.alerts->ForEach([&](const AlertInstance& alert) {
    if (!Active(alert)) return;
    rule.alerts.push_back(Status(alert, monitor));
    if (rule.alerts.back().state == "firing") {
      rule.state = "firing";
    } else if (rule.state != "firing") {
      rule.state = "pending";
    }
  });
  std::sort(rule.alerts.begin(), rule.alerts.end(),
            [](const auto& a, const auto& b) { return a.labels < b.labels; });
}

http::QuerySeries Series(engine::MatrixRow row) {
  return {std::move(row.labels), std::move(row.times_ms), std::move(row.values),
          std::move(row.histograms)};
}

http::RuleStatus AlertRuleStatus(const rules::AlertRule& alert, const RuleRuntime& runtime) {
  http::RuleStatus rule;
  rule.name = alert.name;
  rule.query = alert.query.text;
  rule.duration = alert.for_duration;
  rule.keep_firing_for = alert.keep_firing_for;
  rule.labels = Texts(alert.labels);
  rule.annotations = Texts(alert.annotations);
  FillHealth(runtime, rule);
  FillAlerts(runtime, /*monitor=*/false, rule);
  return rule;
}

http::RuleStatus RecordRuleStatus(const rules::RecordRule& record, const RuleRuntime& runtime) {
  http::RuleStatus rule;
  rule.alerting = false;
  rule.name = record.name;
  rule.query = record.query.text;
  rule.labels = record.labels;
  FillHealth(runtime, rule);
  return rule;
}

http::RuleStatus MonitorStatus(const rules::Monitor& monitor, const RuleRuntime& runtime) {
  http::RuleStatus rule;
  rule.name = monitor.name;
  rule.query = monitor.composite != nullptr ? monitor.composite->text : monitor.query.text;
  rule.duration = monitor.for_duration;
  rule.keep_firing_for = monitor.keep_firing_for;
  rule.labels = Texts(monitor.labels);
  rule.annotations = Texts(monitor.annotations);
  FillHealth(runtime, rule);
  FillAlerts(runtime, /*monitor=*/true, rule);
  return rule;
}

http::RuleGroupStatus GroupStatus(const engine::GroupRuntime& runtime) {
  http::RuleGroupStatus group;
  group.name = runtime.group->name;
  group.file = runtime.group->file;
  group.interval = runtime.schedule.interval();
  group.limit = runtime.group->limit;
  group.evaluation_time = runtime.health.took;
  if (runtime.health.evaluated_at != Timestamp()) {
    group.last_evaluation = runtime.health.evaluated_at;
  }
  for (size_t i = 0; i < runtime.rules.size(); ++i) {
    const rules::GroupRule& rule = runtime.group->rules[i];
    const auto* alert = std::get_if<rules::AlertRule>(&rule);
    group.rules.push_back(
        alert != nullptr ? AlertRuleStatus(*alert, *runtime.rules[i])
                         : RecordRuleStatus(std::get<rules::RecordRule>(rule), *runtime.rules[i]));
  }
  return group;
}

}  // namespace

EngineBackend::EngineBackend(engine::Engine& engine, std::function<absl::Status()> reload,
                             MakeBackup backup, MakeExplanation explain, TakeFeedback feedback)
    : engine_(engine),
      reload_(std::move(reload)),
      backup_(std::move(backup)),
      explain_(std::move(explain)),
      feedback_(std::move(feedback)) {}

void EngineBackend::SetNotReady(std::string reason) {
  MutexLock lock(mutex_);
  not_ready_ = std::move(reason);
}

http::ReadyStatus EngineBackend::Ready() {
  http::ReadyStatus status;
  {
    MutexLock lock(mutex_);
    if (!not_ready_.empty()) status.reasons.push_back(not_ready_);
  }
  if (status.reasons.empty()) {
    if (std::string trouble = engine_.Trouble(); !trouble.empty()) {
      status.reasons.push_back(std::move(trouble));
    }
  }
  status.ready = status.reasons.empty();
  return status;
}

absl::Status EngineBackend::Reload() {
  return reload_();
}

absl::StatusOr<http::BackupStatus> EngineBackend::Backup(const std::string& name) {
  return backup_(name);
}

absl::StatusOr<std::string> EngineBackend::Feedback(const std::string& alias,
                                                    const std::string& feedback) {
  return feedback_(alias, feedback);
}

absl::StatusOr<http::Explanation> EngineBackend::Explain(const http::ExplainRequest& request,
                                                         const http::Expired& expired) {
  return explain_(request, expired);
}

std::vector<http::RuleGroupStatus> EngineBackend::Rules() {
  std::vector<http::RuleGroupStatus> groups;
  http::RuleGroupStatus monitors;
  monitors.name = "monitors";
  engine_.ForEachShard([&](const engine::Shard& shard) {
    for (const engine::GroupRuntime& group : shard.groups()) groups.push_back(GroupStatus(group));
    for (const engine::MonitorRuntime& monitor : shard.monitors()) {
      monitors.rules.push_back(MonitorStatus(*monitor.monitor, *monitor.rule));
      monitors.file = monitor.monitor->position.file;
    }
  });
  std::sort(groups.begin(), groups.end(), [](const auto& a, const auto& b) {
    return std::tie(a.file, a.name) < std::tie(b.file, b.name);
  });
  if (!monitors.rules.empty()) groups.push_back(std::move(monitors));
  return groups;
}

std::vector<http::TargetStatus> EngineBackend::Targets() {
  std::vector<http::TargetStatus> targets;
  if (board_ == nullptr) return targets;
  for (scrape::TargetView& view : board_->Targets()) {
    targets.push_back({.job = std::move(view.job),
                       .address = std::move(view.address),
                       .url = std::move(view.url),
                       .labels = std::move(view.labels),
                       .interval = promql::PrintDuration(view.interval),
                       .timeout = promql::PrintDuration(view.timeout),
                       .last_scrape = view.last_scrape,
                       .took = view.took,
                       .last_error = std::move(view.error)});
  }
  return targets;
}

std::vector<http::AlertStatus> EngineBackend::Alerts() {
  std::vector<http::AlertStatus> alerts;
  for (http::RuleGroupStatus& group : Rules()) {
    for (http::RuleStatus& rule : group.rules) {
      alerts.insert(alerts.end(), std::make_move_iterator(rule.alerts.begin()),
                    std::make_move_iterator(rule.alerts.end()));
    }
  }
  return alerts;
}

absl::StatusOr<http::QueryValue> EngineBackend::Query(absl::string_view text, Timestamp time,
                                                      const http::Expired& expired) {
  const promql::ParseResult parsed = promql::ParseExpr(text);
  if (parsed.error) {
    return absl::InvalidArgumentError(promql::FormatParseError(text, *parsed.error));
  }
  auto evaluated = engine_.Query(*parsed.expr, time, expired);
  // The text is fine: what is wrong shows with these samples (many-to-many matching, say).
  if (absl::IsInvalidArgument(evaluated.status())) {
    return absl::FailedPreconditionError(evaluated.status().message());
  }
  TOCSIN_ASSIGN_OR_RETURN(engine::AdhocResult result, std::move(evaluated));
  http::QueryValue value;
  value.warnings = std::move(result.warnings);
  value.infos = std::move(result.infos);
  switch (result.type) {
    case promql::ValueType::kScalar:
      value.type = http::QueryValue::Type::kScalar;
      value.scalar = result.scalar;
      break;
    case promql::ValueType::kString:
      value.type = http::QueryValue::Type::kString;
      value.string = std::move(result.text);
      break;
    case promql::ValueType::kVector:
      value.vector = std::move(result.rows);
      value.histograms = std::move(result.histograms);
      break;
    case promql::ValueType::kMatrix:
      value.type = http::QueryValue::Type::kMatrix;
      for (engine::MatrixRow& row : result.matrix) value.matrix.push_back(Series(std::move(row)));
      break;
  }
  return value;
}

}  // namespace tocsin::app
