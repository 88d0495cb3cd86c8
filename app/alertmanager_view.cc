#include "app/alertmanager_view.h"

#include <utility>

#include "integrations/delivery/receiver.h"
#include "integrations/routing/fingerprint.h"

namespace tocsin::app {
namespace {

using engine::AlertInstance;
using engine::RuleRuntime;

bool Fires(const AlertInstance& alert) {
  return alert.state.phase == rules::AlertPhase::kFiring ||
         alert.state.phase == rules::AlertPhase::kNoData;
}

// As pages have them: external labels give way, the severity of a monitor is its level.
Labels LabelsOf(const AlertInstance& alert, bool monitor, const Labels& external_labels) {
  LabelsBuilder labels(external_labels);
  for (const LabelView& label : alert.labels) labels.Set(label.name, label.value);
  labels.Set("severity", monitor ? rules::LevelName(alert.state.level)
                                 : std::string(alert.labels.Get("severity")));
  return labels.Build();
}

void AddFiring(const RuleRuntime& rule, bool monitor, const Labels& external_labels,
               std::vector<http::ActiveAlert>& out) {
  if (rule.alerts == nullptr || rule.alerts->shadow()) return;
  rule.alerts->ForEach([&](const AlertInstance& alert) {
    if (!Fires(alert)) return;
    http::ActiveAlert active;
    active.labels = LabelsOf(alert, monitor, external_labels);
    active.annotations = alert.annotations;
    active.starts_at = alert.state.active_at.value_or(rule.health.evaluated_at);
    active.updated_at = rule.health.evaluated_at;
    out.push_back(std::move(active));
  });
}

}  // namespace

AlertmanagerView::AlertmanagerView(engine::Engine& engine, const routing::Suppressor& suppressor,
                                   const Config& config)
    : engine_(engine), suppressor_(suppressor), external_labels_(config.external_labels) {
  SetConfig(config);
}

void AlertmanagerView::SetConfig(const Config& config) {
  auto taken = std::make_shared<const Config>(config);
  MutexLock lock(mutex_);
  config_ = std::move(taken);
}

std::shared_ptr<const Config> AlertmanagerView::config() const {
  MutexLock lock(mutex_);
  return config_;
}

std::vector<http::ActiveAlert> AlertmanagerView::ActiveAlerts(Timestamp now) {
  std::vector<http::ActiveAlert> alerts;
  engine_.ForEachShard([&](const engine::Shard& shard) {
    for (const engine::GroupRuntime& group : shard.groups()) {
      for (const auto& rule : group.rules) {
        AddFiring(*rule, /*monitor=*/false, external_labels_, alerts);
      }
    }
    for (const engine::MonitorRuntime& monitor : shard.monitors()) {
      AddFiring(*monitor.rule, /*monitor=*/true, external_labels_, alerts);
    }
  });
  const auto config = this->config();
  for (http::ActiveAlert& alert : alerts) {
    for (delivery::RouteMatch& match : delivery::Match(config->routing.route, alert.labels)) {
      if (!match.group_by.empty()) {
        alert.groups[match.receiver] = delivery::GroupLabels(match, alert.labels);
      }
      alert.receivers.push_back(std::move(match.receiver));
    }
    routing::Verdict verdict = suppressor_.Ask(alert.labels, {}, now);
    alert.silenced_by = std::move(verdict.silenced_by);
    for (const std::string& key : verdict.inhibited_by) {
      const auto source = suppressor_.FiringLabels(key);
      // It may have ended just now, and then inhibits nothing any more.
      if (source) alert.inhibited_by.push_back(routing::AlertFingerprint(*source));
    }
  }
  return alerts;
}

std::vector<std::string> AlertmanagerView::Receivers() {
  std::vector<std::string> names;
  for (const auto& [name, receiver] : config()->routing.receivers) names.push_back(name);
  return names;
}

std::string AlertmanagerView::ConfigText() {
  return PrintConfig(*config());
}

}  // namespace tocsin::app
