#include "engine/monitor_triggers.h"

#include <algorithm>

namespace tocsin::engine {

uint32_t MonitorTriggers::ClassOf(const std::string& metric) {
  const auto [it, added] =
      class_of_metric_.try_emplace(metric, static_cast<uint32_t>(monitors_of_class_.size()));
  if (added) {
    monitors_of_class_.emplace_back();
    touched_.push_back(false);
  }
  return it->second;
}

void MonitorTriggers::Watch(uint32_t monitor, const std::vector<SelectorNeed>& needs) {
  for (const SelectorNeed& need : needs) {
    auto name = std::find_if(need.matchers.begin(), need.matchers.end(), [](const auto& matcher) {
      return matcher.name == kMetricName && matcher.op == promql::MatchOp::kEqual;
    });
    if (name == need.matchers.end()) {
      watches_all_.push_back(monitor);
    } else {
      monitors_of_class_[ClassOf(name->value)].push_back(monitor);
    }
  }
}

void MonitorTriggers::SeriesAdded(SeriesTable::Slot slot, const Labels& labels) {
  if (slot >= class_of_slot_.size()) class_of_slot_.resize(slot + 1, 0);
  class_of_slot_[slot] = ClassOf(std::string(labels.metric_name()));
}

std::vector<uint32_t> MonitorTriggers::TakeTouched() {
  std::vector<uint32_t> monitors;
  bool any = false;
  for (size_t i = 0; i < touched_.size(); ++i) {
    if (!touched_[i]) continue;
    touched_[i] = false;
    any = true;
    monitors.insert(monitors.end(), monitors_of_class_[i].begin(), monitors_of_class_[i].end());
  }
  if (any) monitors.insert(monitors.end(), watches_all_.begin(), watches_all_.end());
  std::sort(monitors.begin(), monitors.end());
  monitors.erase(std::unique(monitors.begin(), monitors.end()), monitors.end());
  return monitors;
}

}  // namespace tocsin::engine
