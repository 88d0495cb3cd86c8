#include "engine/monitor_triggers.h"

#include <algorithm>
#include <utility>

#include "base/grow.h"

namespace tocsin::engine {

uint32_t MonitorTriggers::ClassOf(const std::string& metric) {
  const auto [it, added] = class_of_metric_.try_emplace(metric, 0);
  if (!added) return it->second;
  if (free_classes_.empty()) {
    free_classes_.push_back(static_cast<uint32_t>(classes_.size()));
    classes_.emplace_back();
    touched_.push_back(false);
  }
  it->second = free_classes_.back();
  free_classes_.pop_back();
  classes_[it->second].metric = metric;
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
      classes_[ClassOf(name->value)].monitors.push_back(monitor);
    }
  }
}

void MonitorTriggers::SeriesAdded(SeriesTable::Slot slot, const Labels& labels) {
  if (slot >= class_of_slot_.size()) {
    ReserveGently(class_of_slot_, slot + 1);
    class_of_slot_.resize(slot + 1, kNone);
  }
  Leave(slot);
  class_of_slot_[slot] = ClassOf(std::string(labels.metric_name()));
  ++classes_[class_of_slot_[slot]].series;
}

void MonitorTriggers::SeriesRemoved(const std::vector<SeriesTable::Slot>& slots) {
  for (SeriesTable::Slot slot : slots) {
    if (slot < class_of_slot_.size()) Leave(slot);
  }
}

void MonitorTriggers::Leave(SeriesTable::Slot slot) {
  const uint32_t number = std::exchange(class_of_slot_[slot], kNone);
  if (number == kNone) return;
  Class& left = classes_[number];
  if (--left.series > 0 || !left.monitors.empty()) return;
  class_of_metric_.erase(left.metric);
  left.metric.clear();
  free_classes_.push_back(number);
}

std::vector<uint32_t> MonitorTriggers::TakeTouched() {
  std::vector<uint32_t> monitors;
  bool any = false;
  for (size_t i = 0; i < touched_.size(); ++i) {
    if (!touched_[i]) continue;
    touched_[i] = false;
    any = true;
    monitors.insert(monitors.end(), classes_[i].monitors.begin(), classes_[i].monitors.end());
  }
  if (any) monitors.insert(monitors.end(), watches_all_.begin(), watches_all_.end());
  std::sort(monitors.begin(), monitors.end());
  monitors.erase(std::unique(monitors.begin(), monitors.end()), monitors.end());
  return monitors;
}

}  // namespace tocsin::engine
