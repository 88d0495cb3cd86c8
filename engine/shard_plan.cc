#include "engine/shard_plan.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/status_macros.h"
#include "engine/composite_plan.h"
#include "engine/recording_rules.h"
#include "rules/anomaly.h"
#include "rules/promql/parser.h"

namespace tocsin::engine {
namespace {

class PlanBuilder {
 public:
  PlanBuilder(const ShardDependencies& deps, const ShardOptions& options, ShardPlan& plan)
      : deps_(deps), options_(options), plan_(plan) {}

  absl::Status AddGroup(const rules::Group& group, Timestamp now);
  absl::Status AddMonitor(const rules::Monitor& monitor, Timestamp now);
  absl::Status AddComposite(const rules::Monitor& monitor, MemberWiring& members, Timestamp now);
  absl::Status LoadWindows(Timestamp at);

 private:
  absl::StatusOr<std::unique_ptr<RuleRuntime>> BuildRule(const rules::Query& query);
  absl::Status AddTemplateQueries(const rules::TemplatedMap& texts, RuleRuntime& rule);
  absl::StatusOr<QueryId> AddQuery(const promql::Expr& expr);
  GroupSchedule ScheduleOf(const rules::Group& group) const;

  const ShardDependencies& deps_;
  const ShardOptions& options_;
  ShardPlan& plan_;
  std::vector<SelectorIndex::Entry> selectors_;
  absl::Duration behind_;  // what is added now: its group's query_offset
};

GroupSchedule PlanBuilder::ScheduleOf(const rules::Group& group) const {
  if (options_.lockstep) return {options_.lockstep->first, options_.lockstep->interval};
  return {group.file, group.name, group.interval.value_or(options_.default_interval)};
}

absl::StatusOr<QueryId> PlanBuilder::AddQuery(const promql::Expr& expr) {
  for (SelectorNeed& need : QueryEngine::Needs(expr, MakeQueryOptions(options_))) {
    selectors_.push_back({std::move(need.matchers), 0});
  }
  return plan_.queries->Add(expr, /*text=*/"", behind_);
}

absl::StatusOr<std::unique_ptr<RuleRuntime>> PlanBuilder::BuildRule(const rules::Query& query) {
  auto runtime = std::make_unique<RuleRuntime>(deps_.sink);
  TOCSIN_ASSIGN_OR_RETURN(runtime->query, AddQuery(*query.expr));
  return runtime;
}

absl::Status PlanBuilder::AddTemplateQueries(const rules::TemplatedMap& texts, RuleRuntime& rule) {
  for (const auto& [name, text] : texts) {
    for (const std::string& inner : text.compiled->Queries()) {
      const promql::ParseResult parsed = promql::ParseExpr(inner);
      if (parsed.error) {
        return absl::InvalidArgumentError(absl::StrCat(
            "query in template of ", name, ": ", promql::FormatParseError(inner, *parsed.error)));
      }
      TOCSIN_ASSIGN_OR_RETURN(const QueryId id, AddQuery(*parsed.expr));
      rule.template_queries.emplace_back(inner, id);
    }
  }
  return absl::OkStatus();
}

absl::Status PlanBuilder::AddGroup(const rules::Group& group, Timestamp now) {
  GroupRuntime runtime{.group = &group, .schedule = ScheduleOf(group)};
  runtime.schedule.Start(now);
  behind_ = group.query_offset.value_or(absl::ZeroDuration());
  plan_.query_offset_max = std::max(plan_.query_offset_max, behind_);
  absl::flat_hash_map<std::string, size_t> duplicates;
  for (const rules::GroupRule& rule : group.rules) {
    const std::string first_id = RuleId(group, rule, 0);
    const std::string id = RuleId(group, rule, duplicates[first_id]++);
    if (const auto* alert = std::get_if<rules::AlertRule>(&rule)) {
      TOCSIN_ASSIGN_OR_RETURN(auto built, BuildRule(alert->query));
      TOCSIN_RETURN_IF_ERROR(AddTemplateQueries(alert->labels, *built));
      TOCSIN_RETURN_IF_ERROR(AddTemplateQueries(alert->annotations, *built));
      built->alerts =
          MakePrometheusAlerts(*alert, id, group.limit, options_.limits.alerts_per_rule_max);
      built->alerts->AddEvidenceQuery(*alert->query.expr);
      runtime.rules.push_back(std::move(built));
    } else {
      const auto& record = std::get<rules::RecordRule>(rule);
      TOCSIN_ASSIGN_OR_RETURN(auto built, BuildRule(record.query));
      built->record = &record;
      runtime.rules.push_back(std::move(built));
    }
    runtime.rules.back()->id = id;
  }
  plan_.groups.push_back(std::move(runtime));
  return absl::OkStatus();
}

absl::Status PlanBuilder::AddMonitor(const rules::Monitor& monitor, Timestamp now) {
  MonitorRuntime runtime;
  behind_ = absl::ZeroDuration();
  runtime.monitor = &monitor;
  TOCSIN_ASSIGN_OR_RETURN(runtime.rule, BuildRule(monitor.query));
  TOCSIN_RETURN_IF_ERROR(AddTemplateQueries(monitor.labels, *runtime.rule));
  TOCSIN_RETURN_IF_ERROR(AddTemplateQueries(monitor.annotations, *runtime.rule));
  runtime.rule->id = MonitorId(monitor);
  const size_t alerts_max = options_.limits.alerts_per_rule_max;
  if (monitor.anomaly != nullptr) {
    runtime.schedule = GroupSchedule(Timestamp(), monitor.anomaly->interval);
    runtime.schedule->Start(now);
    runtime.rule->models = std::make_unique<AnomalyModels>(monitor, alerts_max);
    runtime.rule->alerts = MakeMonitorAlerts(monitor, runtime.rule->models.get(), alerts_max);
    runtime.rule->alerts->AddEvidenceQuery(*monitor.query.expr);
    plan_.monitors.push_back(std::move(runtime));
    return absl::OkStatus();
  }
  runtime.rule->alerts = MakeMonitorAlerts(monitor, /*models=*/nullptr, alerts_max);
  runtime.rule->alerts->AddEvidenceQuery(*monitor.query.expr);
  plan_.triggers->Watch(static_cast<uint32_t>(plan_.monitors.size()),
                        QueryEngine::Needs(*monitor.query.expr, MakeQueryOptions(options_)));
  runtime.due_by_time = now;
  plan_.monitors.push_back(std::move(runtime));
  return absl::OkStatus();
}

absl::Status PlanBuilder::AddComposite(const rules::Monitor& monitor, MemberWiring& members,
                                       Timestamp now) {
  MonitorRuntime runtime;
  behind_ = absl::ZeroDuration();
  runtime.monitor = &monitor;
  runtime.rule = std::make_unique<RuleRuntime>(deps_.sink);
  TOCSIN_RETURN_IF_ERROR(AddTemplateQueries(monitor.labels, *runtime.rule));
  TOCSIN_RETURN_IF_ERROR(AddTemplateQueries(monitor.annotations, *runtime.rule));
  runtime.rule->id = MonitorId(monitor);
  runtime.rule->alerts = MakeCompositeAlerts(monitor, options_.limits.alerts_per_rule_max);
  TOCSIN_RETURN_IF_ERROR(members.Connect(*monitor.composite, *runtime.rule));
  for (const auto& rules_of_name : runtime.rule->members) {
    for (const RuleRuntime* member : rules_of_name) {
      for (const EvidenceQuery& query : member->alerts->evidence_queries()) {
        runtime.rule->alerts->AddEvidenceQuery(*query.query);
      }
    }
  }
  runtime.due_by_time = now;
  plan_.monitors.push_back(std::move(runtime));
  return absl::OkStatus();
}

absl::Status PlanBuilder::LoadWindows(Timestamp at) {
  TOCSIN_ASSIGN_OR_RETURN(auto selectors, SelectorIndex::Build(std::move(selectors_)));
  plan_.windows = std::make_unique<WindowStore>(
      *plan_.table, std::move(selectors),
      [&registry = deps_.registry](SeriesRef ref) { return registry.Get(ref); },
      [queries = plan_.queries.get(), triggers = plan_.triggers.get()](SeriesTable::Slot slot,
                                                                       const Labels& labels) {
        queries->SeriesAdded(slot);
        triggers->SeriesAdded(slot, labels);
      });
  return plan_.windows->Load(deps_.log, at - plan_.query_offset_max - plan_.queries->MaxReach(),
                             absl::Milliseconds(options_.limits.future_ms_max));
}

}  // namespace

QueryOptions MakeQueryOptions(const ShardOptions& options) {
  QueryOptions query;
  query.lookback = options.lookback;
  query.default_subquery_step = options.default_interval;
  return query;
}

std::string OwnerKey(const rules::Group& group) {
  return absl::StrCat("group/", group.file, ";", group.name);
}

std::string OwnerKey(const rules::Monitor& monitor) {
  return MonitorId(monitor);
}

void TrimWindows(ShardPlan& plan, Timestamp now) {
  const auto given_up = plan.queries->Trim(now - plan.query_offset_max);
  plan.windows->Forget(given_up);
  plan.triggers->SeriesRemoved(given_up);
}

absl::StatusOr<std::unique_ptr<ShardPlan>> BuildShardPlan(
    const ShardDependencies& deps, const ShardOptions& options,
    std::shared_ptr<const rules::RuleSet> rules, Owns owns, Timestamp windows_at, Timestamp now) {
  auto plan = std::make_unique<ShardPlan>();
  plan->rules = std::move(rules);
  plan->owns = std::move(owns);
  plan->table = std::make_unique<SeriesTable>();
  plan->queries = std::make_unique<QueryEngine>(*plan->table, MakeQueryOptions(options));
  plan->triggers = std::make_unique<MonitorTriggers>();
  PlanBuilder builder(deps, options, *plan);
  for (const rules::Group& group : plan->rules->groups) {
    if (plan->owns(OwnerKey(group))) TOCSIN_RETURN_IF_ERROR(builder.AddGroup(group, now));
  }
  for (const rules::Monitor& monitor : plan->rules->monitors) {
    if (monitor.composite != nullptr || !plan->owns(OwnerKey(monitor))) continue;
    TOCSIN_RETURN_IF_ERROR(builder.AddMonitor(monitor, now));
  }
  MemberWiring members(*plan);
  for (const rules::Monitor* monitor : CompositesInOrder(*plan->rules)) {
    if (!plan->owns(OwnerKey(*monitor))) continue;
    TOCSIN_RETURN_IF_ERROR(builder.AddComposite(*monitor, members, now));
  }
  // After composite monitors took their members' own.
  const RecordingRules recorded(*plan->rules, MakeQueryOptions(options));
  ForEachRule(*plan, [&](RuleRuntime& rule) {
    if (rule.alerts != nullptr) rule.alerts->AddRecordedQueries(recorded);
  });
  TOCSIN_RETURN_IF_ERROR(builder.LoadWindows(windows_at));
  return plan;
}

}  // namespace tocsin::engine
