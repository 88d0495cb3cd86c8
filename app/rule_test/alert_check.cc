#include "app/rule_test/alert_check.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "app/rule_test/difference.h"
#include "rules/promql/quote.h"

namespace tocsin::app {
namespace {

using rules::AlertPhase;
using rules::ExpectedAlert;

rules::TextMap ToMap(const Labels& labels) {
  rules::TextMap map;
  for (const LabelView& label : labels) map[std::string(label.name)] = std::string(label.value);
  return map;
}

std::string StateOf(const rules::AlertState& state, bool monitor) {
  switch (state.phase) {
    case AlertPhase::kOk:
      return "ok";
    case AlertPhase::kPending:
      return "pending";
    case AlertPhase::kNoData:
      return "no_data";
    case AlertPhase::kFiring:
      return monitor ? rules::LevelName(state.level) : "firing";
  }
  return "";
}

ExpectedAlert AsExpected(const engine::AlertInstance& instance, bool monitor) {
  ExpectedAlert alert;
  alert.labels = ToMap(instance.labels);
  if (monitor) {
    const bool pending = instance.state.phase == AlertPhase::kPending;
    alert.labels["severity"] =
        rules::LevelName(pending ? instance.state.pending_level : instance.state.level);
  }
  alert.annotations = instance.annotations;
  alert.state = StateOf(instance.state, monitor);
  return alert;
}

std::vector<ExpectedAlert> AlertsOf(const std::string& name, bool with_pending,
                                    const engine::Shard& shard) {
  std::vector<ExpectedAlert> alerts;
  const auto collect = [&](const engine::RuleRuntime& rule, bool monitor) {
    if (rule.alerts == nullptr || rule.alerts->alert_name() != name) return;
    rule.alerts->ForEach([&](const engine::AlertInstance& instance) {
      const AlertPhase phase = instance.state.phase;
      if (phase == AlertPhase::kOk || (phase == AlertPhase::kPending && !with_pending)) return;
      alerts.push_back(AsExpected(instance, monitor));
    });
  };
  for (const engine::GroupRuntime& group : shard.groups()) {
    for (const auto& rule : group.rules) collect(*rule, false);
  }
  for (const engine::MonitorRuntime& monitor : shard.monitors()) collect(*monitor.rule, true);
  return alerts;
}

// Those that say more about themselves come first, so that they find their own.
void Sort(std::vector<ExpectedAlert>& alerts) {
  std::sort(alerts.begin(), alerts.end(), [](const ExpectedAlert& a, const ExpectedAlert& b) {
    return std::tuple(!a.state, a.labels, a.annotations) <
           std::tuple(!b.state, b.labels, b.annotations);
  });
}

bool Same(const ExpectedAlert& expected, const ExpectedAlert& got) {
  return expected.labels == got.labels && expected.annotations == got.annotations &&
         (!expected.state || expected.state == got.state);
}

std::vector<ComparedItem> Describe(const std::vector<ExpectedAlert>& alerts, bool with_state) {
  std::vector<ComparedItem> items;
  for (const ExpectedAlert& alert : alerts) {
    ComparedItem item;
    item.shown = {absl::StrCat("labels: ", ShowTexts(alert.labels)),
                  absl::StrCat("annotations: ", ShowTexts(alert.annotations))};
    for (const auto& [name, value] : alert.labels) {
      item.fields[absl::StrCat("label ", name)] = promql::Quote(value);
    }
    for (const auto& [name, value] : alert.annotations) {
      item.fields[absl::StrCat("annotation ", name)] = promql::Quote(value);
    }
    if (with_state && alert.state) {
      item.shown.push_back(absl::StrCat("state: ", *alert.state));
      item.fields["state"] = *alert.state;
    }
    items.push_back(std::move(item));
  }
  return items;
}

}  // namespace

std::vector<std::string> CheckAlerts(const rules::AlertCase& test, const engine::Shard& shard) {
  const auto expects = [&](auto&& condition) {
    return std::any_of(test.alerts.begin(), test.alerts.end(), condition);
  };
  const bool with_state =
      expects([](const ExpectedAlert& alert) { return alert.state.has_value(); });
  const bool with_pending =
      expects([](const ExpectedAlert& alert) { return alert.state == "pending"; });
  std::vector<ExpectedAlert> expected = test.alerts;
  std::vector<ExpectedAlert> got = AlertsOf(test.alertname, with_pending, shard);
  Sort(expected);
  Sort(got);
  return Difference(Describe(expected, with_state), Describe(got, with_state),
                    [&](size_t e, size_t g) { return Same(expected[e], got[g]); });
}

}  // namespace tocsin::app
