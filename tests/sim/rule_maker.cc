#include "tests/sim/rule_maker.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "base/check.h"
#include "engine/query/query_engine.h"
#include "rules/rule_file.h"

namespace tocsin::simulation {
namespace {

// A query with two bounds between its quiet and its high values. No value ever equals a bound, so
// the last digit of a sum decides nothing.
struct Known {
  const char* text;
  const char* lower;
  const char* upper;
};
constexpr Known kQueries[] = {
    {"load", "10.1", "30.1"},
    {"max by (g) (load)", "10.1", "30.1"},
    {"avg_over_time(load[40s])", "9.137", "25.137"},
    {"max_over_time(load[1m])", "10.1", "30.1"},
    {"min_over_time(load[30s])", "5.1", "25.1"},
    {"rate(jobs_total[1m])", "0.3337", "2.2337"},
    {"sum by (g) (rate(jobs_total[90s]))", "0.7337", "4.2337"},
    {"increase(jobs_total[2m])", "31.337", "131.337"},
    {"g:load:sum", "20.1", "70.1"},
    {"g:jobs:rate1m", "0.7337", "4.2337"},
    {"g:load:peak", "20.1", "70.1"},
    {"beat", "5.1", "20.1"},
    {"count by (g) (load)", "1.5", "2.5"},
    {"load - on (g) group_left () bound", "0.1", "15.1"},
    {"quantile_over_time(0.5, load[50s])", "9.137", "25.137"},
    {"resets(jobs_total[2m])", "0.5", "2.5"},
    {"load offset 20s", "10.1", "30.1"},
    {"sum(load) by (g) / count(load) by (g)", "9.137", "22.137"},
};
constexpr int64_t kQueryCount = std::size(kQueries);

constexpr const char* kThresholds[] = {
    "{critical: \"> $1\", warning: \"> $0\"}",
    "{critical: \"> $0\"}",
    "{critical: \"> $1\", warning: \"> $0\", recovery: \"< $0\"}",
    "{critical: \"> $1\", warning: \"> $0\", recovery: {critical: \"< $0\", warning: \"< $0\"}}",
    "{warning: \"> $0\"}",
    "{critical: \"> $1\", recovery: \"< $0\"}",
    "{critical: \"> -1000\"}",
};

constexpr char kRecords[] =
    "  - {record: \"g:load:sum\", expr: \"sum by (g) (load)\"}\n"
    "  - {record: \"g:jobs:rate1m\", expr: \"sum by (g) (rate(jobs_total[1m]))\"}\n"
    "  - {record: \"g:load:peak\", expr: \"max_over_time(g:load:sum[1m])\", labels: {of: load}}\n";

}  // namespace

RuleMaker::RuleMaker(uint64_t seed) : dice_(seed, 2) {
  for (int64_t n = dice_.Between(2, 6); n > 0; --n) monitors_.push_back(MakeMonitor());
  for (int64_t n = dice_.Between(1, 3); n > 0; --n) {
    Group group;
    group.name = absl::StrCat("g", next_name_++);
    group.interval_s = static_cast<int>(5 * dice_.Between(1, 3));
    group.records = groups_.empty();
    for (int64_t k = dice_.Between(1, 3); k > 0; --k) group.rules.push_back(MakeRule());
    groups_.push_back(std::move(group));
  }
}

std::string RuleMaker::Pick(std::initializer_list<const char*> choices) {
  return choices.begin()[dice_.Below(static_cast<int64_t>(choices.size()))];
}

RuleMaker::Monitor RuleMaker::MakeMonitor() {
  Monitor monitor;
  monitor.name = absl::StrCat("m", next_name_++);
  monitor.query = static_cast<size_t>(dice_.Below(kQueryCount));
  monitor.threshold = static_cast<int>(dice_.Below(std::size(kThresholds)));
  monitor.duration = Pick({"", "", "5s", "20s", "1m"});
  monitor.keep_firing_for = Pick({"", "", "10s", "1m"});
  monitor.no_data = Pick({"", "", "{after: 20s, as: critical}", "{after: 45s, as: warning}",
                          "{after: 30s, as: ok}", "{after: 1m, as: keep}"});
  // Such a monitor pages for ever; it is there to have every value looked at.
  monitor.shadow = monitor.threshold == std::size(kThresholds) - 1 || dice_.OneIn(8);
  return monitor;
}

RuleMaker::Rule RuleMaker::MakeRule() {
  Rule rule;
  rule.name = absl::StrCat("A", next_name_++);
  rule.query = static_cast<size_t>(dice_.Below(kQueryCount));
  rule.duration = Pick({"", "10s", "30s", "1m"});
  rule.keep_firing_for = Pick({"", "", "20s", "1m"});
  return rule;
}

void RuleMaker::Change() {
  ++revision_;
  Monitor& monitor = monitors_[static_cast<size_t>(dice_.Below(monitors_.size()))];
  Group& group = groups_[static_cast<size_t>(dice_.Below(groups_.size()))];
  switch (dice_.Below(8)) {
    case 0:
      return void(monitor.threshold = static_cast<int>(dice_.Below(std::size(kThresholds) - 1)));
    case 1:
      return void(monitor.duration = Pick({"", "5s", "40s"}));
    case 2:
      return void(monitor.query = static_cast<size_t>(dice_.Below(kQueryCount)));
    case 3:
      if (monitor.threshold != std::size(kThresholds) - 1) monitor.shadow = !monitor.shadow;
      return;
    case 4:
      if (monitors_.size() > 1) std::swap(monitor, monitors_.back()), monitors_.pop_back();
      return;
    case 5:
      return monitors_.push_back(MakeMonitor());
    case 6:
      return void(group.rules.front().duration = Pick({"", "15s", "1m", "3m"}));
    default:
      group.rules.back() = MakeRule();
  }
}

std::string RuleMaker::Text(const Monitor& monitor) const {
  const Known& query = kQueries[monitor.query];
  std::string text =
      absl::StrCat("- name: ", monitor.name, "\n  query: ", query.text, "\n  threshold: ");
  absl::SubstituteAndAppend(&text, kThresholds[monitor.threshold], query.lower, query.upper);
  if (!monitor.duration.empty()) absl::StrAppend(&text, "\n  for: ", monitor.duration);
  if (!monitor.keep_firing_for.empty()) {
    absl::StrAppend(&text, "\n  keep_firing_for: ", monitor.keep_firing_for);
  }
  if (!monitor.no_data.empty()) absl::StrAppend(&text, "\n  no_data: ", monitor.no_data);
  if (monitor.shadow) absl::StrAppend(&text, "\n  mode: shadow");
  return text + "\n";
}

std::string RuleMaker::Text(const Group& group) const {
  std::string text =
      absl::StrCat("- name: ", group.name, "\n  interval: ", group.interval_s, "s\n  rules:\n");
  if (group.records) text += kRecords;
  for (const Rule& rule : group.rules) {
    const Known& query = kQueries[rule.query];
    absl::StrAppend(&text, "  - {alert: ", rule.name, ", expr: \"", query.text, " > ", query.lower,
                    "\", labels: {severity: critical}");
    if (!rule.duration.empty()) absl::StrAppend(&text, ", for: ", rule.duration);
    if (!rule.keep_firing_for.empty()) {
      absl::StrAppend(&text, ", keep_firing_for: ", rule.keep_firing_for);
    }
    text += "}\n";
  }
  return text;
}

std::string RuleMaker::Yaml() const {
  std::string yaml = absl::StrCat("# ", revision_, "\ngroups:\n");
  for (const Group& group : groups_) yaml += Text(group);
  yaml += "monitors:\n";
  for (const Monitor& monitor : monitors_) yaml += Text(monitor);
  return yaml;
}

std::shared_ptr<const rules::RuleSet> RuleMaker::Rules() const {
  rules::LoadOptions options;
  options.unsupported = &engine::QueryEngine::Unsupported;
  rules::LoadResult loaded = rules::LoadRules({{"rules.yaml", Yaml()}}, options);
  std::string findings;
  for (const auto& finding : loaded.diagnostics) absl::StrAppend(&findings, finding.message, "\n");
  TOCSIN_CHECK(loaded.ok()) << findings << Yaml();
  return std::make_shared<const rules::RuleSet>(std::move(loaded.rules));
}

}  // namespace tocsin::simulation
