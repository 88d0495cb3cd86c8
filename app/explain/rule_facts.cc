#include "app/explain/rule_facts.h"

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "engine/rule_runtime.h"
#include "rules/anomaly.h"
#include "rules/composite.h"
#include "rules/promql/printer.h"

namespace tocsin::app::explain {
namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

void AddCondition(Settings& settings, const char* name,
                  const std::optional<rules::Condition>& condition) {
  if (condition) settings.emplace_back(name, condition->ToString());
}

void AddDuration(Settings& settings, const char* name, absl::Duration duration) {
  if (duration > absl::ZeroDuration()) {
    settings.emplace_back(name, promql::PrintDuration(duration));
  }
}

const char* AsName(rules::NoData::As as) {
  switch (as) {
    case rules::NoData::As::kKeep:
      return "keep";
    case rules::NoData::As::kOk:
      return "ok";
    case rules::NoData::As::kWarning:
      return "warning";
    case rules::NoData::As::kCritical:
      return "critical";
  }
  return "keep";
}

void AddThreshold(Settings& settings, const rules::Threshold& threshold) {
  AddCondition(settings, "critical", threshold.critical);
  AddCondition(settings, "warning", threshold.warning);
  AddCondition(settings, "recovery of critical", threshold.critical_recovery);
  AddCondition(settings, "recovery of warning", threshold.warning_recovery);
}

void AddNumber(Settings& settings, const char* name, double value, double usual) {
  if (value != usual) settings.emplace_back(name, absl::StrCat(value));
}

void AddAnomaly(Settings& settings, const rules::Anomaly& anomaly) {
  constexpr const char* kDirections[] = {"both", "above", "below"};
  constexpr const char* kSeasonalities[] = {"auto", "none", "daily", "weekly"};
  settings.emplace_back("direction", kDirections[static_cast<int>(anomaly.direction)]);
  settings.emplace_back("seasonality", kSeasonalities[static_cast<int>(anomaly.seasonality)]);
  settings.emplace_back("sensitivity", absl::StrCat(anomaly.sensitivity));
  if (anomaly.preset == rules::Anomaly::Preset::kNotice) settings.emplace_back("preset", "notice");
  AddNumber(settings, "min_deviation", anomaly.deviation_min, 0);
  AddNumber(settings, "relative min_deviation", anomaly.relative_deviation_min, 0);
  if (anomaly.critical_score) {
    settings.emplace_back("critical from score", absl::StrCat(*anomaly.critical_score));
  }
  if (anomaly.warning_score) {
    settings.emplace_back("warning from score", absl::StrCat(*anomaly.warning_score));
  }
  settings.emplace_back("timezone", anomaly.time_zone_name);
  AddDuration(settings, "interval", anomaly.interval);
  AddDuration(settings, "trigger", anomaly.trigger.value_or(absl::ZeroDuration()));
  AddDuration(settings, "recovery", anomaly.recovery.value_or(absl::ZeroDuration()));
}

std::vector<std::string> NamesOf(const rules::TemplatedMap& texts) {
  std::vector<std::string> names;
  for (const auto& [name, text] : texts) names.push_back(name);
  return names;
}

RuleFacts FactsOf(const rules::Monitor& monitor) {
  RuleFacts facts;
  facts.id = engine::MonitorId(monitor);
  facts.name = monitor.name;
  facts.monitor = true;
  facts.label_names = NamesOf(monitor.labels);
  if (monitor.composite != nullptr) {
    facts.kind = "composite monitor";
    facts.expression = monitor.composite->text;
    for (const auto& member : monitor.composite->members) facts.members.push_back(member.name);
    if (monitor.composite->severity) {
      facts.settings.emplace_back("severity", rules::LevelName(*monitor.composite->severity));
    }
  } else {
    facts.kind = monitor.anomaly != nullptr ? "anomaly monitor" : "monitor";
    facts.expression = monitor.query.text;
    facts.query = monitor.query.expr.get();
    facts.anomaly = monitor.anomaly != nullptr;
    if (facts.anomaly) {
      AddAnomaly(facts.settings, *monitor.anomaly);
    } else {
      AddThreshold(facts.settings, monitor.threshold);
    }
  }
  AddDuration(facts.settings, "for", monitor.for_duration);
  AddDuration(facts.settings, "keep_firing_for", monitor.keep_firing_for);
  if (monitor.no_data) {
    AddDuration(facts.settings, "no data after", monitor.no_data->after);
    facts.settings.emplace_back("no data as", AsName(monitor.no_data->as));
  }
  if (monitor.shadow) facts.settings.emplace_back("mode", "shadow");
  return facts;
}

RuleFacts FactsOf(const rules::AlertRule& rule, std::string id) {
  RuleFacts facts;
  facts.id = std::move(id);
  facts.name = rule.name;
  facts.kind = "alerting rule";
  facts.expression = rule.query.text;
  facts.query = rule.query.expr.get();
  facts.label_names = NamesOf(rule.labels);
  AddDuration(facts.settings, "for", rule.for_duration);
  AddDuration(facts.settings, "keep_firing_for", rule.keep_firing_for);
  return facts;
}

}  // namespace

std::vector<RuleFacts> FindRules(const rules::RuleSet& rules, absl::string_view name_or_id) {
  std::vector<RuleFacts> found;
  const auto wanted = [&](const std::string& name, const std::string& id) {
    return name_or_id == name || name_or_id == id;
  };
  for (const rules::Monitor& monitor : rules.monitors) {
    if (wanted(monitor.name, engine::MonitorId(monitor))) found.push_back(FactsOf(monitor));
  }
  for (const rules::Group& group : rules.groups) {
    absl::flat_hash_map<std::string, size_t> duplicates;
    for (const rules::GroupRule& rule : group.rules) {
      const auto* alert = std::get_if<rules::AlertRule>(&rule);
      if (alert == nullptr) continue;
      const std::string first_id = engine::RuleId(group, rule, 0);
      std::string id = engine::RuleId(group, rule, duplicates[first_id]++);
      if (wanted(alert->name, id)) found.push_back(FactsOf(*alert, std::move(id)));
    }
  }
  return found;
}

std::string NameInId(absl::string_view id) {
  absl::string_view rest = id;
  if (absl::ConsumePrefix(&rest, "monitor/")) return std::string(rest);
  // group/file;group;name;labels;duplicate
  const std::vector<std::string> parts = absl::StrSplit(id, ';');
  return parts.size() >= 5 ? parts[parts.size() - 3] : std::string(id);
}

}  // namespace tocsin::app::explain
