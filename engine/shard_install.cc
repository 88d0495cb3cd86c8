#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "engine/shard.h"
#include "rules/promql/parser.h"

namespace tocsin::engine {

// What Install() builds aside, so that a rule set that cannot run changes nothing.
struct Shard::Plan {
  explicit Plan(std::shared_ptr<const rules::RuleSet> r)
      : rules(std::move(r)), queries(std::make_unique<QueryEngine>(*table, QueryOptions())) {}

  std::shared_ptr<const rules::RuleSet> rules;
  std::unique_ptr<SeriesTable> table = std::make_unique<SeriesTable>();
  std::unique_ptr<QueryEngine> queries;
  std::unique_ptr<WindowStore> windows;
  std::unique_ptr<MonitorTriggers> triggers = std::make_unique<MonitorTriggers>();
  std::vector<SelectorIndex::Entry> selectors;
  std::vector<GroupRuntime> groups;
  std::vector<MonitorRuntime> monitors;
};

std::string Shard::OwnerKey(const rules::Group& group) {
  return absl::StrCat("group/", group.file, ";", group.name);
}

std::string Shard::OwnerKey(const rules::Monitor& monitor) {
  return MonitorId(monitor);
}

absl::StatusOr<std::unique_ptr<RuleRuntime>> Shard::BuildRule(
    const rules::Query& query, const rules::TemplatedMap* labels,
    const rules::TemplatedMap* annotations, Plan& plan) {
  auto runtime = std::make_unique<RuleRuntime>(deps_.sink);
  const auto want = [&](const promql::Expr& expr) {
    for (SelectorNeed& need : QueryEngine::Needs(expr, QueryOptions())) {
      plan.selectors.push_back({std::move(need.matchers), 0});
    }
  };
  TOCSIN_ASSIGN_OR_RETURN(runtime->query, plan.queries->Add(*query.expr));
  want(*query.expr);
  for (const rules::TemplatedMap* map : {labels, annotations}) {
    if (map == nullptr) continue;
    for (const auto& [name, text] : *map) {
      for (const std::string& inner : text.compiled->Queries()) {
        const promql::ParseResult parsed = promql::ParseExpr(inner);
        if (parsed.error) {
          return absl::InvalidArgumentError(absl::StrCat(
              "query in template of ", name, ": ", promql::FormatParseError(inner, *parsed.error)));
        }
        TOCSIN_ASSIGN_OR_RETURN(const QueryId id, plan.queries->Add(*parsed.expr));
        want(*parsed.expr);
        runtime->template_queries.emplace_back(inner, id);
      }
    }
  }
  return runtime;
}

absl::Status Shard::BuildPlan(const Owns& owns, Timestamp now, Plan& plan) {
  for (const rules::Group& group : plan.rules->groups) {
    if (!owns(OwnerKey(group))) continue;
    GroupRuntime runtime{
        &group,
        GroupSchedule(group.file, group.name, group.interval.value_or(options_.default_interval)),
        {},
        {}};
    runtime.schedule.Start(now);
    absl::flat_hash_map<std::string, size_t> duplicates;
    for (const rules::GroupRule& rule : group.rules) {
      if (const auto* alert = std::get_if<rules::AlertRule>(&rule)) {
        TOCSIN_ASSIGN_OR_RETURN(auto built,
                                BuildRule(alert->query, &alert->labels, &alert->annotations, plan));
        const size_t duplicate = duplicates[AlertRuleId(group, *alert, 0)]++;
        built->alerts = MakePrometheusAlerts(*alert, AlertRuleId(group, *alert, duplicate),
                                             options_.limits.alerts_per_rule_max);
        runtime.rules.push_back(std::move(built));
      } else {
        const auto& record = std::get<rules::RecordRule>(rule);
        TOCSIN_ASSIGN_OR_RETURN(auto built, BuildRule(record.query, nullptr, nullptr, plan));
        built->record = &record;
        runtime.rules.push_back(std::move(built));
      }
    }
    plan.groups.push_back(std::move(runtime));
  }
  for (const rules::Monitor& monitor : plan.rules->monitors) {
    if (!owns(OwnerKey(monitor))) continue;
    MonitorRuntime runtime;
    runtime.monitor = &monitor;
    TOCSIN_ASSIGN_OR_RETURN(runtime.rule,
                            BuildRule(monitor.query, &monitor.labels, &monitor.annotations, plan));
    runtime.rule->alerts = MakeMonitorAlerts(monitor, options_.limits.alerts_per_rule_max);
    plan.triggers->Watch(static_cast<uint32_t>(plan.monitors.size()),
                         QueryEngine::Needs(*monitor.query.expr, QueryOptions()));
    runtime.due_by_time = now;
    plan.monitors.push_back(std::move(runtime));
  }
  return absl::OkStatus();
}

absl::Status Shard::LoadWindows(Plan& plan, Timestamp since) {
  TOCSIN_ASSIGN_OR_RETURN(auto selectors, SelectorIndex::Build(std::move(plan.selectors)));
  plan.windows = std::make_unique<WindowStore>(
      *plan.table, std::move(selectors), [this](SeriesRef ref) { return deps_.registry.Get(ref); },
      [queries = plan.queries.get(), triggers = plan.triggers.get()](SeriesTable::Slot slot,
                                                                     const Labels& labels) {
        queries->SeriesAdded(slot);
        triggers->SeriesAdded(slot, labels);
      });
  // Samples may have been committed a while before the time they are dated.
  const absl::Duration slack = absl::Milliseconds(options_.limits.future_ms_max);
  return plan.windows->Load(deps_.log, since - plan.queries->MaxReach() - slack);
}

void Shard::Swap(Plan plan, Owns owns, Timestamp now) {
  plan.queries->Trim(now);
  rules_ = std::move(plan.rules);
  owns_ = std::move(owns);
  // Alerts refer to the rule set and windows to the table: the old ones go only now, users first.
  groups_ = std::move(plan.groups);
  monitors_ = std::move(plan.monitors);
  windows_ = std::move(plan.windows);
  queries_ = std::move(plan.queries);
  table_ = std::move(plan.table);
  triggers_ = std::move(plan.triggers);
  trimmed_at_ = now;
}

absl::Status Shard::Install(std::shared_ptr<const rules::RuleSet> rules, const Owns& owns,
                            Timestamp now) {
  Plan plan(std::move(rules));
  TOCSIN_RETURN_IF_ERROR(BuildPlan(owns, now, plan));
  TOCSIN_RETURN_IF_ERROR(LoadWindows(plan, now));
  MoveAlerts(plan, now, {});
  Swap(std::move(plan), owns, now);
  return absl::OkStatus();
}

absl::Status Shard::Resume(std::shared_ptr<const rules::RuleSet> rules, const Owns& owns,
                           Timestamp now, Resumed resumed) {
  Plan plan(std::move(rules));
  TOCSIN_RETURN_IF_ERROR(BuildPlan(owns, now, plan));
  TOCSIN_RETURN_IF_ERROR(LoadWindows(plan, std::min(now, resumed.evaluated)));
  RecallLastSeen(plan, resumed);
  const absl::Duration gap = GapBefore(now, resumed);
  // What was left of an earlier hold goes on.
  if (resumed.hold_until > resumed.evaluated) hold_until_ = resumed.hold_until + gap;
  HoldAfter(absl::AbsDuration(gap), now);
  for (auto& [rule_id, alerts] : resumed.alerts) {
    for (AlertInstance& alert : alerts) {
      if (gap < absl::ZeroDuration()) {
        alert.state = rules::AfterClockStep(alert.state, gap);
      } else {
        SkipGap(gap, alert);
      }
      if (auto* gauge = deps_.metrics.AlertsGauge(alert.state)) gauge->Increment();
      // Its clocks moved: written together with the clock record that ends the gap.
      commit_.Keep(rule_id, alert);
      commit_owed_ = true;
    }
  }
  MoveAlerts(plan, now, std::move(resumed.alerts));
  Swap(std::move(plan), owns, now);
  return absl::OkStatus();
}

void Shard::RecallLastSeen(Plan& plan, Resumed& resumed) {
  for (const MonitorRuntime& monitor : plan.monitors) {
    const auto alerts = resumed.alerts.find(monitor.rule->alerts->rule_id());
    if (alerts == resumed.alerts.end()) continue;
    const auto result = plan.queries->Evaluate(monitor.rule->query, resumed.evaluated);
    absl::flat_hash_map<absl::uint128, Timestamp> newest;
    // A query that fails says so at its first evaluation.
    if (result.ok()) {
      const std::vector<int64_t>& inputs = plan.queries->NewestInputs(monitor.rule->query);
      result->frame->ForEach([&](size_t row) {
        newest[(*result->labels)[row].Fingerprint()] = Timestamp::FromMillis(inputs[row]);
      });
    }
    for (AlertInstance& alert : alerts->second) {
      if (alert.absent) continue;  // what is on disk is exact
      const auto row = newest.find(alert.result_labels.Fingerprint());
      // A row that went between its last evaluation and the stop: not earlier than the stop.
      const Timestamp seen = row != newest.end() ? row->second : resumed.evaluated;
      alert.state.last_seen = std::max(alert.state.last_seen, seen);
    }
  }
}

// The clock record is up to clock_interval old when the service stops: a shorter gap may be none.
// Negative: the clock was set back meanwhile.
absl::Duration Shard::GapBefore(Timestamp now, const Resumed& resumed) const {
  const absl::Duration gap = now - resumed.evaluated;
  return absl::AbsDuration(gap) > options_.clock_interval ? gap : absl::ZeroDuration();
}

void Shard::HoldAfter(absl::Duration gap, Timestamp now) {
  constexpr absl::Duration kUnnoticed = absl::Seconds(5);
  constexpr absl::Duration kHoldMax =
      absl::Minutes(5);  // the lookback: what is silent longer is gone
  if (gap < kUnnoticed) return;
  hold_until_ = std::max(hold_until_, now + std::min(gap, kHoldMax) + options_.default_interval);
}

void Shard::MoveAlerts(Plan& plan, Timestamp now, AlertsByRule restored) {
  const auto take = [&](RuleRuntime& rule) {
    if (rule.alerts == nullptr) return;
    auto& alerts = restored[rule.alerts->rule_id()];
    for (AlertInstance& alert : rule.alerts->TakeAll()) alerts.push_back(std::move(alert));
  };
  for (GroupRuntime& group : groups_) {
    for (auto& rule : group.rules) take(*rule);
  }
  for (MonitorRuntime& monitor : monitors_) take(*monitor.rule);

  const auto give = [&](RuleRuntime& rule) {
    if (rule.alerts == nullptr) return;
    auto node = restored.find(rule.alerts->rule_id());
    if (node == restored.end()) return;
    for (AlertInstance& alert : node->second) rule.alerts->Restore(std::move(alert));
    restored.erase(node);
  };
  for (GroupRuntime& group : plan.groups) {
    for (auto& rule : group.rules) give(*rule);
  }
  for (MonitorRuntime& monitor : plan.monitors) give(*monitor.rule);

  // What is left belongs to rules that are gone. At start the engine hands over only what this
  // shard owns.
  AlertCommit::Round round = MakeRound(now);
  round.revision = &plan.rules->revision;
  for (auto& [rule_id, alerts] : restored) {
    for (AlertInstance& alert : alerts) {
      commit_.Retire(rule_id, std::move(alert), round);
      commit_owed_ = true;
    }
  }
}

}  // namespace tocsin::engine
